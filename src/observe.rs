//! Looking at the model while it works, and changing what it does.
//!
//! The forward pass offers every named step to one function, which may look at the tensor, put
//! another in its place, or stop everything with an error. Logit lens, attention pictures, ablation,
//! timing and progress bars are all observers; the model itself knows none of them.

use crate::error::{Error, Result};
use candle_core::Tensor;

/// A step of the forward pass. The number is the layer, from 0.
///
/// The shapes: T new tokens, S tokens so far. Where several texts go through the model together
/// (see [`Sequence`](crate::transformer::Sequence)), T counts the new tokens of all of them, and the
/// steps from `Scores` to `HeadOutputs` come once for each text, with its own T and S.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Site {
    /// `[T, dim]`
    Embedding,
    /// `[T, dim]`: the normalised input of attention.
    AttentionNorm(usize),
    /// `[n_heads, T, head_dim]`, before RoPE.
    Queries(usize),
    /// `[n_kv_heads, T, head_dim]`, before RoPE.
    Keys(usize),
    /// `[n_kv_heads, T, head_dim]`
    Values(usize),
    /// `[n_heads, T, head_dim]`, after RoPE.
    RotatedQueries(usize),
    /// `[n_kv_heads, T, head_dim]`, after RoPE.
    RotatedKeys(usize),
    /// `[n_heads, T, S]`, divided by √`head_dim` and masked.
    Scores(usize),
    /// `[n_heads, T, S]`: after softmax, each row adds up to 1.
    AttentionWeights(usize),
    /// `[n_heads, T, head_dim]`: what each head found.
    HeadOutputs(usize),
    /// `[T, dim]`: after Wo, before it is added.
    AttentionOutput(usize),
    /// `[T, dim]`: the residual stream after attention was added.
    ResidualMiddle(usize),
    /// `[T, dim]`: the normalised input of the feed-forward network.
    FeedForwardNorm(usize),
    /// `[T, hidden_dim]`: silu(gate) ⊙ up.
    FeedForwardHidden(usize),
    /// `[T, dim]`: before it is added.
    FeedForwardOutput(usize),
    /// `[T, dim]`: the residual stream after the block.
    Residual(usize),
    /// `[T, vocab_size]`
    Logits,
}

/// What watches a forward pass: it returns `None` to let a step be, a tensor of the same shape to
/// replace it, or an error to stop ([`Error::Stopped`] if nothing is wrong). `Send`, because the pass
/// runs on the threads that compute.
///
/// Rust: `dyn FnMut` is any function or closure with these arguments, which may change what it
/// captured, such as a list that it collects.
pub type Observer<'a> = dyn FnMut(Site, &Tensor) -> Result<Option<Tensor>> + Send + 'a;

/// The observer that does nothing.
pub fn unobserved(_: Site, _: &Tensor) -> Result<Option<Tensor>> {
    Ok(None)
}

/// Shows a step to the observer, and takes what it puts in the step's place, if anything.
pub(crate) fn observe(observer: &mut Observer, site: Site, tensor: Tensor) -> Result<Tensor> {
    let Some(replacement) = observer(site, &tensor)? else {
        return Ok(tensor);
    };
    if replacement.dims() != tensor.dims() {
        return Err(Error::shape(
            format!("replacement at {site:?}"),
            format!("{:?}", tensor.dims()),
            replacement.dims(),
            "an observer must return a tensor of the same shape",
        ));
    }
    Ok(replacement)
}
