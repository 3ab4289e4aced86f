//! Llama 3, one matrix multiplication at a time.

pub mod error;
pub mod matrix;
pub mod sampling;
pub mod tokenizer;

pub use error::{Error, Result};
