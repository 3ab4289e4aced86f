//! A rehearsal: seeded random weights with the exact shapes of a real model, made on demand.
//!
//! Nothing is on disk and nothing is kept in memory, so even the 8B's [32, 128, 4096] query heads
//! can be unwrapped on a small machine. What such a model predicts means nothing.

use super::names::Dialect;
use super::{Checkpoint, Format};
use crate::config::{Config, RopeScaling};
use crate::error::{Error, Result};
use crate::matrix::Matrix;
use half::bf16;
use rayon::prelude::*;
use safetensors::{Dtype, View, tensor::serialize_to_file};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

/// The spread of the random weights: near that of trained ones.
const STD: f32 = 0.02;

pub fn open(name: &str, config: Config, seed: u64) -> Result<Checkpoint> {
    let config = config.validate(Path::new(name))?;
    let matrices: HashMap<String, Matrix> = (config.tensors().into_iter().enumerate())
        .map(|(i, (tensor, shape))| {
            let (out_dim, in_dim) = super::as_matrix(&shape);
            let seed = seed.wrapping_mul(1 << 20).wrapping_add(i as u64);
            let matrix = Matrix::random(&tensor, out_dim, in_dim, seed, STD)?;
            Ok((tensor, matrix))
        })
        .collect::<Result<_>>()?;
    Ok(Checkpoint {
        config,
        assumed: vec![],
        name: name.into(),
        path: name.into(),
        format: Format::Rehearsal,
        dialect: Dialect::Meta,
        matrices,
        gguf: None,
    })
}

/// The directory, beside the files to be, in which they are written until they are complete.
pub const UNFINISHED: &str = ".unfinished";

/// Writes a rehearsal as files: `consolidated.safetensors` in bf16 under Meta's names, and
/// `params.json`. `progress` is told the bytes of each tensor before it is written.
pub fn write(checkpoint: &Checkpoint, dir: &Path, progress: &(dyn Fn(u64) + Sync)) -> Result<()> {
    if checkpoint.format != Format::Rehearsal {
        let message = "only a rehearsal is written: other models have files already";
        return Err(Error::Argument(message.into()));
    }
    let scaling = checkpoint.config.rope_scaling;
    if scaling.is_some_and(|scaling| scaling != RopeScaling::llama31(scaling.factor)) {
        let message = format!("{scaling:?}: params.json states no RoPE scaling but Llama 3.1's");
        return Err(Error::Argument(message));
    }
    let unfinished = dir.join(UNFINISHED);
    // What an earlier run may have left when it was stopped.
    let _ = std::fs::remove_dir_all(&unfinished);
    std::fs::create_dir_all(&unfinished).map_err(|e| Error::io(&unfinished, e))?;
    let written = write_files(checkpoint, &unfinished, progress).and_then(|()| {
        for name in ["consolidated.safetensors", "params.json"] {
            let (from, to) = (unfinished.join(name), dir.join(name));
            std::fs::rename(from, &to).map_err(|e| Error::io(to, e))?;
        }
        Ok(())
    });
    let _ = std::fs::remove_dir_all(&unfinished);
    written
}

fn write_files(checkpoint: &Checkpoint, dir: &Path, progress: &(dyn Fn(u64) + Sync)) -> Result<()> {
    let tensors: Vec<(String, Bf16View)> = (checkpoint.config.tensors().into_iter())
        .map(|(name, shape)| {
            let matrix = checkpoint.matrix(&name)?;
            Ok((name, Bf16View { matrix, shape, progress }))
        })
        .collect::<Result<_>>()?;
    let weights = dir.join("consolidated.safetensors");
    serialize_to_file(tensors, None, &weights).map_err(|e| {
        let hint = "is there room on the disk, and may the directory be written?";
        Error::file(dir, format!("writing stopped ({e})"), hint)
    })?;
    let params = dir.join("params.json");
    let json = params_json(&checkpoint.config).to_string();
    std::fs::write(&params, json).map_err(|e| Error::io(&params, e))
}

/// A matrix that is drawn when its turn to be written comes.
struct Bf16View<'a> {
    matrix: Matrix,
    shape: Vec<usize>,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl View for Bf16View<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::BF16
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data_len(&self) -> usize {
        2 * self.matrix.out_dim * self.matrix.in_dim
    }

    fn data(&self) -> Cow<'_, [u8]> {
        (self.progress)(self.data_len() as u64);
        let row_len = 2 * self.matrix.in_dim;
        let mut bytes = vec![0u8; self.data_len()];
        bytes.par_chunks_mut(row_len).enumerate().for_each(|(row, bytes)| {
            let mut numbers = vec![0f32; self.matrix.in_dim];
            // Random rows have nothing that could fail.
            let _ = self.matrix.widen_row(row, &mut numbers);
            for (number, bytes) in numbers.iter().zip(bytes.chunks_exact_mut(2)) {
                bytes.copy_from_slice(&bf16::from_f32(*number).to_le_bytes());
            }
        });
        Cow::Owned(bytes)
    }
}

/// The sizes in Meta's keys. What the FFN width is a multiple of says nothing here: its multiplier
/// does, with a half more, so that rounding down always comes to the width.
fn params_json(config: &Config) -> serde_json::Value {
    let two_thirds = (8 * config.dim / 3) as f64;
    let mut params = serde_json::json!({
        "dim": config.dim,
        "n_layers": config.n_layers,
        "n_heads": config.n_heads,
        "n_kv_heads": config.n_kv_heads,
        "head_dim": config.head_dim,
        "vocab_size": config.vocab_size,
        "multiple_of": 1,
        "ffn_dim_multiplier": (config.hidden_dim as f64 + 0.5) / two_thirds,
        "norm_eps": config.norm_eps,
        "rope_theta": config.rope_theta,
        "tied_output": config.tied_output,
        "max_seq_len": config.max_seq_len,
    });
    if let Some(scaling) = config.rope_scaling {
        params["use_scaled_rope"] = true.into();
        params["rope_scaling_factor"] = scaling.factor.into();
    }
    params
}
