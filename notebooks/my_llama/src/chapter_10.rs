//! Chapter 10 of the notebooks wrote this: `keep(10)`.

pub use super::chapter_9::*;
