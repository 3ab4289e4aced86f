//! Chapter 1 of the notebooks wrote this: `keep(1)`.

pub use super::start::*;
