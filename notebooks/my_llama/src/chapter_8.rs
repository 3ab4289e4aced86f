//! Chapter 8 of the notebooks wrote this: `keep(8)`.

pub use super::chapter_7::*;
