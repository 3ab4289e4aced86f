//! Chapter 4 of the notebooks wrote this: `keep(4)`.

pub use super::chapter_3::*;
