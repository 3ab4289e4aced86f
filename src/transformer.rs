//! The whole model: embedding, the blocks in a row, the final norm, the output matrix.
//!
//! Around the loop stand only the KV cache, the observer, and asking the disk for the next block's
//! weights while this one computes.

mod batch;

use crate::block::Block;
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::kv_cache::KvCache;
use crate::linear::linear;
use crate::matrix::Matrix;
use crate::observe::{Observer, Site, observe, unobserved};
use crate::rms_norm::stored_rms_norm;
use crate::rope;
use crate::sampling;
use candle_core::{Device, Tensor};

pub use batch::Sequence;

/// A model ready to run. Its weights stay in their file; cloning it is cheap.
#[derive(Clone)]
pub struct Transformer {
    /// The sizes.
    pub config: Config,
    /// The blocks, first to last.
    pub blocks: Vec<Block>,
    tok_embeddings: Matrix,
    norm: Matrix,
    output: Matrix,
    freqs: Vec<f32>,
    device: Device,
}

/// The device that this build computes on: a GPU with the features `cuda` or `metal`, else the CPU.
///
/// # Errors
/// A GPU build on a machine whose GPU cannot be used.
pub fn default_device() -> Result<Device> {
    Ok(if cfg!(feature = "cuda") {
        Device::new_cuda(0)?
    } else if cfg!(feature = "metal") {
        Device::new_metal(0)?
    } else {
        Device::Cpu
    })
}

impl Transformer {
    /// A model on the CPU. Reads no weights yet.
    ///
    /// # Errors
    /// A tensor that the checkpoint does not have.
    pub fn new(checkpoint: &Checkpoint) -> Result<Transformer> {
        Transformer::on(checkpoint, &Device::Cpu)
    }

    /// A model that computes on a device; each matrix is brought there when it is used.
    ///
    /// # Errors
    /// As [`Transformer::new`].
    pub fn on(checkpoint: &Checkpoint, device: &Device) -> Result<Transformer> {
        let config = checkpoint.config.clone();
        Ok(Transformer {
            // Rust: collecting `Result`s into one stops at the first error.
            blocks: (0..config.n_layers)
                .map(|layer| Block::new(checkpoint, layer))
                .collect::<Result<_>>()?,
            tok_embeddings: checkpoint.matrix("tok_embeddings.weight")?,
            norm: checkpoint.matrix("norm.weight")?,
            output: checkpoint.matrix("output.weight")?,
            freqs: rope::freqs(&config),
            device: device.clone(),
            config,
        })
    }

    /// One pass over the new tokens: the logits of every position.
    ///
    /// The cache holds the tokens before them, and afterwards these too. The observer sees every
    /// step and may change it (see [`observe`](crate::observe)).
    ///
    /// # Shapes
    /// ids: T token ids → `[T, vocab_size]`
    ///
    /// # Errors
    /// No tokens, an id outside the vocabulary, more tokens than the model was made for, and
    /// whatever the observer returns.
    pub fn forward(
        &self,
        ids: &[u32],
        cache: &mut KvCache,
        observer: &mut Observer,
    ) -> Result<Tensor> {
        let x = self.hidden(ids, cache, observer)?;
        let logits = self.logits(&x)?;
        observe(observer, Site::Logits, logits)
    }

    /// The logits after the last of the tokens, for reading a prompt and for generating: the output
    /// matrix meets only one vector. Long prompts are read a piece at a time, which changes nothing
    /// but the memory it takes. If it fails, the cache is as it was.
    ///
    /// # Shapes
    /// ids: T token ids → `[vocab_size]`
    ///
    /// # Errors
    /// As [`Transformer::forward`].
    pub fn next_logits(
        &self,
        ids: &[u32],
        cache: &mut KvCache,
        observer: &mut Observer,
    ) -> Result<Tensor> {
        let start_pos = cache.len();
        let logits = self.prefill(ids, cache, observer);
        if logits.is_err() {
            cache.truncate(start_pos);
        }
        logits
    }

    fn prefill(&self, ids: &[u32], cache: &mut KvCache, observer: &mut Observer) -> Result<Tensor> {
        self.check(ids, cache)?; // all of them, before the first piece is read
        let mut last = None;
        for piece in ids.chunks(PREFILL_PIECE) {
            let x = self.hidden(piece, cache, observer)?;
            last = Some(x.narrow(0, piece.len() - 1, 1)?); // [1, dim]
        }
        let logits = self.logits(&last.ok_or_else(no_tokens)?)?;
        Ok(observe(observer, Site::Logits, logits)?.squeeze(0)?)
    }

    /// The residual stream after the last block, before the final norm.
    ///
    /// # Shapes
    /// ids: T token ids → `[T, dim]`
    ///
    /// # Errors
    /// As [`Transformer::forward`].
    pub fn hidden(
        &self,
        ids: &[u32],
        cache: &mut KvCache,
        observer: &mut Observer,
    ) -> Result<Tensor> {
        self.hidden_batch(&mut [Sequence { ids, cache }], observer)
    }

    fn all_blocks(&self, batch: &mut [Sequence], observer: &mut Observer) -> Result<Tensor> {
        let ids: Vec<u32> = batch.iter().flat_map(|text| text.ids).copied().collect();
        let x = self.tok_embeddings.rows(&ids)?.to_device(&self.device)?; // [T, dim]
        let mut x = observe(observer, Site::Embedding, x)?;
        let mut pass = self.pass(batch, observer)?;
        self.prefetch(0);
        for (layer, block) in self.blocks.iter().enumerate() {
            self.prefetch(layer + 1); // the disk reads on while this block computes
            x = block.forward(layer, &x, &self.config, &mut pass)?;
            block.matrices().into_iter().for_each(Matrix::release);
        }
        for text in pass.texts {
            text.cache.advance(text.n_tokens);
        }
        Ok(x)
    }

    /// Asks for a block's weights, or after the last block for the output matrix.
    fn prefetch(&self, layer: usize) {
        match self.blocks.get(layer) {
            Some(block) => block.matrices().into_iter().for_each(Matrix::prefetch),
            None => self.output.prefetch(),
        }
    }

    /// What a residual stream predicts: the final norm, then the output matrix.
    ///
    /// Given the stream after an earlier block, this is the logit lens.
    ///
    /// # Shapes
    /// x `[T, dim]` → `[T, vocab_size]`
    ///
    /// # Errors
    /// A stream of another size.
    pub fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let x = stored_rms_norm(x, &self.norm, self.config.norm_eps)?;
        let logits = linear(&x, &self.output);
        self.output.release();
        logits
    }

    /// An empty cache for this model.
    pub fn new_cache(&self) -> KvCache {
        KvCache::new(&self.config)
    }

    /// The tokens that follow, each time the most probable one.
    ///
    /// # Errors
    /// As [`Transformer::forward`].
    pub fn greedy(&self, ids: &[u32], n_steps: usize) -> Result<Vec<u32>> {
        let mut cache = self.new_cache();
        let mut new = ids.to_vec();
        let mut greedy = vec![];
        while greedy.len() < n_steps {
            let logits = self.next_logits(&new, &mut cache, &mut unobserved)?;
            new = vec![sampling::greedy(&logits)?];
            greedy.push(new[0]);
        }
        Ok(greedy)
    }

    fn check(&self, ids: &[u32], cache: &KvCache) -> Result<()> {
        let vocab_size = self.config.vocab_size;
        if ids.is_empty() {
            return Err(no_tokens());
        }
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocab_size) {
            return Err(Error::TokenOutOfRange { id, vocab_size });
        }
        let end = cache.len() + ids.len();
        if end > self.config.max_seq_len {
            return Err(Error::PositionOutOfRange {
                position: end - 1,
                max_seq_len: self.config.max_seq_len,
            });
        }
        Ok(())
    }
}

/// How many tokens of a prompt are read at once: enough to share every read of the weights among
/// many, few enough that their scores stay small.
const PREFILL_PIECE: usize = 256;

fn no_tokens() -> Error {
    Error::Argument("there are no tokens to read: the prompt is empty".into())
}
