//! Chapter 7 of the notebooks wrote this: `keep(7)`.

pub use super::chapter_6::*;
