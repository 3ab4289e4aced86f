//! Llama 3, one matrix multiplication at a time.

pub mod error;
pub mod matrix;
pub mod plot;

pub use error::{Error, Result};
