//! Several texts in one pass: their tokens lie one after another in the rows of x, and only attention
//! keeps them apart. So every weight is read once for all of them.

use super::{Transformer, no_tokens};
use crate::attention::causal_mask;
use crate::block::{Pass, Text};
use crate::error::Result;
use crate::kv_cache::KvCache;
use crate::matrix::threads;
use crate::observe::{Observer, Site, observe};
use crate::rope;
use candle_core::Tensor;

/// The next tokens of one text, and the cache of those before them.
pub struct Sequence<'a> {
    /// At least one token.
    pub ids: &'a [u32],
    /// Holds the earlier ones, and after the pass these too.
    pub cache: &'a mut KvCache,
}

impl Transformer {
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
        threads::keep_awake(|| self.all_blocks(batch, observer))
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

    /// The angles and masks of the texts' new tokens.
    pub(super) fn pass<'a, 'b>(
        &self,
        batch: &'a mut [Sequence],
        observer: &'a mut Observer<'b>,
    ) -> Result<Pass<'a, 'b>> {
        let (mut texts, mut angles) = (vec![], vec![]);
        for Sequence { ids, cache } in batch {
            let (start_pos, n_tokens) = (cache.len(), ids.len());
            angles.push(rope::angles(&self.freqs, start_pos, n_tokens, &self.device)?);
            texts.push(Text {
                n_tokens,
                mask: causal_mask(n_tokens, start_pos, &self.device)?,
                cache,
            });
        }
        let angles = Tensor::cat(&angles, 0)?; // [T, head_dim / 2]
        Ok(Pass { texts, angles, observer })
    }
}
