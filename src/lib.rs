//! Llama 3, one matrix multiplication at a time.

pub mod error;
pub mod linear;
pub mod matrix;
mod random_weights;
mod widen;

pub use error::{Error, Result};
pub use linear::linear;
pub use matrix::Matrix;
