//! Chapter 9 of the notebooks wrote this: `keep(9)`.

pub use super::chapter_8::*;
