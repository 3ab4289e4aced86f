//! Chapter 6 of the notebooks wrote this: `keep(6)`.

pub use super::chapter_5::*;
