//! Llama 3, one matrix multiplication at a time.
//!
//! The modules, in the order in which a token meets them:
//!
//! | module | what it does | notebook |
//! |---|---|---|
//! | [`tokenizer`] | text to token ids and back | 1 |
//! | [`config`] | a model's sizes, and what follows from them | 2 |
//! | [`checkpoint`] | a model on disk, under Meta's tensor names | 2 |
//! | [`matrix`] | one weight matrix where it lies | 2 |
//! | [`rms_norm`](mod@rms_norm) | RMSNorm | 3 |
//! | [`linear`](mod@linear) | y = x Wᵀ straight from the file | 4 |
//! | [`rope`] | positions as rotations | 5 |
//! | [`attention`] | scores, mask, softmax, shared heads | 6, 7 |
//! | [`feed_forward`] | SwiGLU | 7 |
//! | [`block`] | attention and feed-forward with a block's weights | 7 |
//! | [`transformer`] | the blocks in a row | 8 |
//! | [`observe`] | looking at the model while it works | 9 |
//! | [`kv_cache`] | what is kept between tokens | 10 |
//! | [`sampling`] | from logits to the next token | 10 |
//!
//! On top of them: [`experiments`] (what if?), [`lesson`] (what every notebook
//! starts from), [`mod@table`] and [`plot`] (what a notebook shows).
//! Beside them: [`book`] (the pictures of its pages), [`weights`] (where models lie), [`published`]
//! (what others printed for the real 8B), [`memory`] (what a run takes), [`profile`] (where its time
//! goes), [`error`].
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
pub mod book;
pub mod checkpoint;
pub mod config;
pub mod error;
pub mod experiments;
pub mod feed_forward;
pub mod kv_cache;
pub mod language;
pub mod lesson;
pub mod linear;
pub mod matrix;
pub mod memory;
pub mod observe;
pub mod plot;
pub mod profile;
pub mod published;
mod random_weights;
pub mod rms_norm;
pub mod rope;
pub mod sampling;
pub mod table;
mod threads;
pub mod tokenizer;
pub mod transformer;
pub mod weights;
mod widen;

pub use checkpoint::Checkpoint;
pub use config::Config;
pub use error::{Error, Result};
pub use kv_cache::KvCache;
pub use language::Language;
pub use lesson::Lesson;
pub use linear::linear;
pub use matrix::Matrix;
pub use rms_norm::rms_norm;
pub use table::table;
pub use tokenizer::Tokenizer;
pub use transformer::{Transformer, default_device};

/// Everything a notebook cell names, candle's tensors included.
pub mod prelude {
    pub use crate::attention::{
        causal_mask, merge_heads, scores, softmax, split_heads, weighted_values,
    };
    pub use crate::checkpoint::{self, Format, Options};
    pub use crate::feed_forward::{silu, swiglu};
    pub use crate::lesson::{check, difference};
    pub use crate::observe::{Observer, Site, unobserved};
    pub use crate::plot::{self, Draw};
    pub use crate::profile::Profile;
    pub use crate::tokenizer::Llama3Specials;
    pub use crate::transformer::Sequence;
    pub use crate::{
        Checkpoint, Config, Error, KvCache, Language, Lesson, Matrix, Result, Tokenizer,
        Transformer, experiments, linear, published, rms_norm, rope, sampling, table, weights,
    };
    pub use candle_core::{D, DType, Device, IndexOp, Tensor};
}
