//! A rehearsal: seeded random weights with the exact shapes of a real model, made on demand.
//!
//! Nothing is on disk and nothing is kept in memory, so even the 8B's [32, 128, 4096] query heads
//! can be unwrapped on a small machine. What such a model predicts means nothing.

use super::{Checkpoint, Format, names};
use crate::matrix::Matrix;
use crate::{Config, Result};
use std::collections::HashMap;
use std::path::Path;

/// The spread of the random weights: near that of trained ones.
const STD: f32 = 0.02;

pub fn open(name: &str, config: Config, seed: u64) -> Result<Checkpoint> {
    let config = config.validate(Path::new(name))?;
    let matrices: HashMap<String, Matrix> = (names::expected(&config).into_iter().enumerate())
        .map(|(i, (tensor, shape))| {
            let (out_dim, in_dim) = super::as_matrix(&shape);
            let seed = seed.wrapping_mul(1 << 20).wrapping_add(i as u64);
            let matrix = Matrix::random(&tensor, out_dim, in_dim, seed, STD);
            (tensor, matrix)
        })
        .collect();
    Ok(Checkpoint::new(
        name,
        Path::new(name),
        Format::Rehearsal,
        config,
        matrices,
    ))
}
