//! Chapter 5 of the notebooks wrote this: `keep(5)`.

pub use super::chapter_4::*;
