//! One block: attention, then the feed-forward network, each adding its part to the residual stream.
//!
//! That is all of it, two lines a block:
//!
//! ```text
//! x = x + attention(rms_norm(x))
//! x = x + feed_forward(rms_norm(x))
//! ```
//!
//! Here the mathematics meets the weights. A block computes all heads at once; the notebooks do the
//! same one head and one matrix at a time. Each `pass.observe` offers a step to whoever watches (see
//! [`observe`](crate::observe)), and returns what it was given if nobody does.

use crate::attention::{merge_heads, scores, softmax, split_heads, weighted_values};
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::error::Result;
use crate::feed_forward::swiglu;
use crate::kv_cache::KvCache;
use crate::linear::{linear, linear_each};
use crate::matrix::Matrix;
use crate::observe::{Observer, Site, observe};
use crate::rms_norm::stored_rms_norm;
use crate::rope;
use candle_core::Tensor;

/// The nine matrices of one block, under Meta's names.
#[derive(Clone)]
pub struct Block {
    /// The first RMSNorm's weight, one row.
    pub attention_norm: Matrix,
    /// Makes the queries, `[n_heads * head_dim, dim]`.
    pub wq: Matrix,
    /// Makes the keys, `[n_kv_heads * head_dim, dim]`.
    pub wk: Matrix,
    /// Makes the values, `[n_kv_heads * head_dim, dim]`.
    pub wv: Matrix,
    /// Takes what the heads found back to the residual stream, `[dim, n_heads * head_dim]`.
    pub wo: Matrix,
    /// The second RMSNorm's weight, one row.
    pub ffn_norm: Matrix,
    /// SwiGLU's gate, `[hidden_dim, dim]`.
    pub w1: Matrix,
    /// SwiGLU's down projection, `[dim, hidden_dim]`.
    pub w2: Matrix,
    /// SwiGLU's up projection, `[hidden_dim, dim]`.
    pub w3: Matrix,
}

/// What a pass through the blocks knows besides x: the texts whose new tokens are x's rows, one
/// text after another.
pub(crate) struct Pass<'a, 'b> {
    pub texts: Vec<Text<'a>>,
    /// `[T, head_dim / 2]`: each token's angles, all texts together.
    pub angles: Tensor,
    pub observer: &'a mut Observer<'b>,
}

/// One text in a pass: T of the rows are its new tokens, S all its tokens so far.
pub(crate) struct Text<'a> {
    pub n_tokens: usize,
    pub cache: &'a mut KvCache,
    /// `[T, S]`
    pub mask: Tensor,
}

impl Pass<'_, '_> {
    fn observe(&mut self, site: Site, tensor: Tensor) -> Result<Tensor> {
        observe(self.observer, site, tensor)
    }
}

impl Block {
    pub(crate) fn new(checkpoint: &Checkpoint, layer: usize) -> Result<Block> {
        // Rust: a closure, like a lambda; it borrows `checkpoint` and `layer` from around it.
        let matrix = |name: &str| checkpoint.matrix(&format!("layers.{layer}.{name}.weight"));
        Ok(Block {
            attention_norm: matrix("attention_norm")?,
            wq: matrix("attention.wq")?,
            wk: matrix("attention.wk")?,
            wv: matrix("attention.wv")?,
            wo: matrix("attention.wo")?,
            ffn_norm: matrix("ffn_norm")?,
            w1: matrix("feed_forward.w1")?,
            w2: matrix("feed_forward.w2")?,
            w3: matrix("feed_forward.w3")?,
        })
    }

    /// All its large matrices, in the order in which they are used.
    pub(crate) fn matrices(&self) -> [&Matrix; 7] {
        [&self.wq, &self.wk, &self.wv, &self.wo, &self.w1, &self.w3, &self.w2]
    }

    /// x `[T, dim]` → `[T, dim]`
    pub(crate) fn forward(
        &self,
        layer: usize,
        x: &Tensor,
        c: &Config,
        pass: &mut Pass,
    ) -> Result<Tensor> {
        let normed = stored_rms_norm(x, &self.attention_norm, c.norm_eps)?;
        let normed = pass.observe(Site::AttentionNorm(layer), normed)?;
        let attention = self.attention(layer, &normed, c, pass)?;
        let attention = pass.observe(Site::AttentionOutput(layer), attention)?;
        let x = pass.observe(Site::ResidualMiddle(layer), (x + attention)?)?;

        let normed = stored_rms_norm(&x, &self.ffn_norm, c.norm_eps)?;
        let normed = pass.observe(Site::FeedForwardNorm(layer), normed)?;
        let feed_forward = self.feed_forward(layer, &normed, pass)?;
        let feed_forward = pass.observe(Site::FeedForwardOutput(layer), feed_forward)?;
        pass.observe(Site::Residual(layer), (x + feed_forward)?)
    }

    /// normed `[T, dim]` → `[T, dim]`
    fn attention(
        &self,
        layer: usize,
        normed: &Tensor,
        c: &Config,
        pass: &mut Pass,
    ) -> Result<Tensor> {
        let [q, k, v] = linear_each(normed, [&self.wq, &self.wk, &self.wv])?;
        let q = split_heads(&q, c.n_heads)?; // [n_heads, T, head_dim]
        let k = split_heads(&k, c.n_kv_heads)?; // [n_kv_heads, T, head_dim]
        let v = split_heads(&v, c.n_kv_heads)?;
        let q = pass.observe(Site::Queries(layer), q)?;
        let k = pass.observe(Site::Keys(layer), k)?;
        let v = pass.observe(Site::Values(layer), v)?;

        let q = pass.observe(Site::RotatedQueries(layer), rope::rotate(&q, &pass.angles)?)?;
        let k = pass.observe(Site::RotatedKeys(layer), rope::rotate(&k, &pass.angles)?)?;

        let (mut start, mut heads) = (0, vec![]);
        for text in &mut pass.texts {
            let own = |x: &Tensor| x.narrow(1, start, text.n_tokens);
            let (q, k, v) = (own(&q)?, own(&k)?, own(&v)?);
            heads.push(attend(layer, [&q, &k, &v], text, pass.observer)?);
            start += text.n_tokens;
        }
        let heads = Tensor::cat(&heads, 1)?;
        linear(&merge_heads(&heads)?, &self.wo)
    }

    /// normed `[T, dim]` → `[T, dim]`
    fn feed_forward(&self, layer: usize, normed: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let [gate, up] = linear_each(normed, [&self.w1, &self.w3])?; // [T, hidden_dim]
        let hidden = pass.observe(Site::FeedForwardHidden(layer), swiglu(&gate, &up)?)?;
        linear(&hidden, &self.w2)
    }
}

/// What each head finds in one text: q `[n_heads, T, head_dim]`, k and v `[n_kv_heads, T, head_dim]`
/// → `[n_heads, T, head_dim]`.
fn attend(
    layer: usize,
    [q, k, v]: [&Tensor; 3],
    text: &mut Text,
    observer: &mut Observer,
) -> Result<Tensor> {
    let (k, v) = text.cache.append(layer, k, v)?; // [n_kv_heads, S, head_dim]
    let masked = scores(q, &k)?.broadcast_add(&text.mask)?; // [n_heads, T, S]
    let masked = observe(observer, Site::Scores(layer), masked)?;
    let attn_weights = observe(observer, Site::AttentionWeights(layer), softmax(&masked)?)?;
    let heads = weighted_values(&attn_weights, &v)?; // [n_heads, T, head_dim]
    observe(observer, Site::HeadOutputs(layer), heads)
}
