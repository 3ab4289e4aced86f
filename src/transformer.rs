//! The whole model: embedding, the blocks in a row, the final norm, the output matrix.
//!
//! A pass may carry several texts at once: their tokens lie one after another in the rows of x, and
//! only attention keeps them apart.

use crate::attention::causal_mask;
use crate::block::Block;
use crate::block::{Pass, Text, norm};
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::kv_cache::KvCache;
use crate::linear::linear;
use crate::matrix::Matrix;
use crate::matrix::threads;
use crate::observe::{Observer, Site, observe, unobserved};
use crate::rope;
use candle_core::{Device, Tensor};

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

/// The next tokens of one text, and the cache of those before them.
pub struct Sequence<'a> {
    /// At least one token.
    pub ids: &'a [u32],
    /// Holds the earlier ones, and after the pass these too.
    pub cache: &'a mut KvCache,
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
    /// but the memory it takes.
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
        let mut last = None;
        for piece in ids.chunks(PREFILL_PIECE) {
            let x = self.hidden(piece, cache, observer)?;
            last = Some(x.narrow(0, piece.len() - 1, 1)?);
        }
        let x = last.ok_or_else(no_tokens)?;
        let logits = self.logits(&x)?;
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

    /// As [`Transformer::hidden`], for several texts that share every read of the weights.
    ///
    /// # Shapes
    /// T tokens in all texts together → `[T, dim]`, one text after another
    ///
    /// # Errors
    /// As [`Transformer::forward`].
    pub fn hidden_batch(&self, batch: &mut [Sequence], observer: &mut Observer) -> Result<Tensor> {
        if batch.is_empty() {
            return Err(no_tokens());
        }
        for text in batch.iter() {
            self.check(text.ids, text.cache)?;
        }
        // Entering the thread pool costs more than a small matrix: once a pass, not once a matrix.
        threads::at_hand(|| self.all_blocks(batch, observer))
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

    /// The angles and masks of the texts' new tokens.
    fn pass<'a, 'b>(
        &self,
        batch: &'a mut [Sequence],
        observer: &'a mut Observer<'b>,
    ) -> Result<Pass<'a, 'b>> {
        let (mut texts, mut angles) = (vec![], vec![]);
        for Sequence { ids, cache } in batch {
            let (start_pos, n_tokens) = (cache.len(), ids.len());
            angles.push(rope::angles(
                &self.freqs,
                start_pos,
                n_tokens,
                &self.device,
            )?);
            texts.push(Text {
                n_tokens,
                mask: causal_mask(n_tokens, start_pos, &self.device)?,
                cache,
            });
        }
        let angles = Tensor::cat(&angles, 0)?; // [T, head_dim / 2]
        Ok(Pass {
            texts,
            angles,
            observer,
        })
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
        let x = norm(x, &self.norm, &self.config)?;
        let logits = linear(&x, &self.output);
        self.output.release();
        logits
    }

    /// The logits after the last token of each of several texts, which share every read of the
    /// weights: N continuations of one prompt, say, at little more than the price of one.
    ///
    /// Each text gets the same numbers as alone.
    ///
    /// # Shapes
    /// N sequences → `[N, vocab_size]`
    ///
    /// # Errors
    /// As [`Transformer::forward`], for each of them.
    pub fn next_logits_batch(
        &self,
        batch: &mut [Sequence],
        observer: &mut Observer,
    ) -> Result<Tensor> {
        let x = self.hidden_batch(batch, observer)?;
        let ends = batch.iter().scan(0, |end, text| {
            *end += text.ids.len() as u32;
            Some(*end - 1)
        });
        let last = Tensor::new(ends.collect::<Vec<u32>>(), &self.device)?;
        let logits = self.logits(&x.index_select(&last, 0)?)?;
        observe(observer, Site::Logits, logits)
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
            new = vec![crate::sampling::greedy(&logits)?];
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
        match end > self.config.max_seq_len {
            true => Err(Error::PositionOutOfRange {
                position: end - 1,
                max_seq_len: self.config.max_seq_len,
            }),
            false => Ok(()),
        }
    }
}

/// How many tokens of a prompt are read at once: enough to share every read of the weights among
/// many, few enough that their scores stay small.
const PREFILL_PIECE: usize = 256;

fn no_tokens() -> Error {
    Error::Argument("there are no tokens to read: the prompt is empty".into())
}
