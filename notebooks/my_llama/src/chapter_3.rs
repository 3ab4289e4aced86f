//! Chapter 3 of the notebooks wrote this: `keep(3)`.

pub use super::chapter_2::*;
