//! Llama 3, one matrix multiplication at a time.
//!
//! A file at the root of `src/` is a chapter, a folder of the same name holds its machinery. The
//! chapters, in the order in which a token meets them:
//!
//! | module | what it does | notebook |
//! |---|---|---|
//! | [`tokenizer`] | text to token ids and back | 1 |
//! | [`config`] | a model's sizes, and what follows from them | 2 |
//! | [`rms_norm`](mod@rms_norm) | every token's vector to the same length | 3 |
//! | [`linear`](mod@linear) | y = x Wᵀ straight from the file | 4 |
//! | [`rope`] | positions as rotations | 5 |
//! | [`attention`] | scores, mask, softmax, shared heads | 6, 7 |
//! | [`feed_forward`] | SwiGLU | 7 |
//! | [`block`] | attention and feed-forward with a block's weights | 7 |
//! | [`transformer`] | the blocks in a row | 8 |
//! | [`observe`] | looking at the model while it works | 9 |
//! | [`experiments`] | what if? | 9 |
//! | [`kv_cache`] | what is kept between tokens | 10 |
//! | [`sampling`] | from logits to the next token | 10 |
//!
//! Four doors, behind each of which there is machinery that nobody must read to understand a Llama:
//!
//! | door | what it opens |
//! |---|---|
//! | [`checkpoint`] | a model on disk, under Meta's tensor names |
//! | [`matrix`] | one weight matrix where it lies, and multiplying by it |
//! | [`plot`] | what a notebook's cell shows |
//! | [`notebook`] | what every notebook starts from |
//!
//! Beside them: [`profile`] (where the time goes) and [`error`].
//!
//! The letters in every `# Shapes` line:
//!
//! | letter | meaning |
//! |---|---|
//! | T | the new tokens of this pass |
//! | S | the tokens that can be seen: those before, and the new ones |
//! | in, out | the columns and rows of a weight matrix |
//! | dim, n_heads, head_dim … | the fields of [`Config`] |
//!
//! ```no_run
//! use llama3::prelude::*;
//! let checkpoint = Checkpoint::open_default()?;
//! let tokenizer = checkpoint.tokenizer()?;
//! let model = Transformer::new(&checkpoint)?;
//! let ids = tokenizer.prompt("the answer to the ultimate question of life is ");
//! let next = model.greedy(&ids, 4)?;
//! println!("{}", tokenizer.decode(&next)?);
//! # Ok::<(), llama3::Error>(())
//! ```

#![warn(missing_docs)]

pub mod attention;
pub mod block;
pub mod checkpoint;
pub mod config;
pub mod error;
pub mod experiments;
pub mod feed_forward;
pub mod kv_cache;
pub mod linear;
pub mod matrix;
pub mod notebook;
pub mod observe;
pub mod plot;
pub mod profile;
pub mod rms_norm;
pub mod rope;
pub mod sampling;
pub mod tokenizer;
pub mod transformer;

pub use checkpoint::Checkpoint;
pub use config::Config;
pub use error::{Error, Result};
pub use kv_cache::KvCache;
pub use linear::linear;
pub use matrix::Matrix;
pub use notebook::Lesson;
pub use plot::Language;
pub use plot::table::table;
pub use rms_norm::rms_norm;
pub use tokenizer::Tokenizer;
pub use transformer::{Transformer, default_device};

/// Everything a notebook cell names, candle's tensors included.
pub mod prelude {
    pub use crate::attention::{
        causal_mask, merge_heads, scores, softmax, split_heads, weighted_values,
    };
    pub use crate::checkpoint::{self, Format, Options, weights};
    pub use crate::feed_forward::{silu, swiglu};
    pub use crate::notebook::{check, difference, keep, published};
    pub use crate::observe::{Observer, Site, unobserved};
    pub use crate::plot::{self, Draw};
    pub use crate::profile::Profile;
    pub use crate::tokenizer::Llama3Specials;
    pub use crate::transformer::Sequence;
    pub use crate::{
        Checkpoint, Config, Error, KvCache, Language, Lesson, Matrix, Result, Tokenizer,
        Transformer, experiments, linear, rms_norm, rope, sampling, table,
    };
    pub use candle_core::{D, DType, Device, IndexOp, Tensor};
}
