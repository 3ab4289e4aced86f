//! Your own Llama. Each chapter's last cells write `chapter_N.rs` with the functions that you wrote
//! there, and the next chapter begins with it.
//!
//! A module's own functions take the place of those that it re-exports. So `use my_llama::chapter_5::*`
//! is what you wrote in chapters 1 to 5, and for the rest the library's; the library's own is always
//! `llama3::…`.
#![allow(unused, clippy::all)] // notebook cells, as they were written

#[rustfmt::skip]
pub mod chapter_1;
#[rustfmt::skip]
pub mod chapter_10;
#[rustfmt::skip]
pub mod chapter_2;
#[rustfmt::skip]
pub mod chapter_3;
#[rustfmt::skip]
pub mod chapter_4;
#[rustfmt::skip]
pub mod chapter_5;
#[rustfmt::skip]
pub mod chapter_6;
#[rustfmt::skip]
pub mod chapter_7;
#[rustfmt::skip]
pub mod chapter_8;
#[rustfmt::skip]
pub mod chapter_9;

/// Nothing of yours yet: the library, and candle's tensors.
pub mod start {
    pub use llama3::{self, prelude::*};
}
