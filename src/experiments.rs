//! Questions to a model: what does this step look like, and what if that were not there?
//!
//! Each is a forward pass with an observer (see [`observe`](crate::observe)): the model is the same,
//! only what watches it differs.

use crate::attention::scores;
use crate::error::{Error, Result};
use crate::observe::{Observer, Site, unobserved};
use crate::transformer::Transformer;
use candle_core::Tensor;

/// The tensor at one step of the pass over `ids`. The pass stops there.
///
/// # Shapes
/// As [`Site`] says.
///
/// ```
/// use llama3::prelude::*;
/// let model = Transformer::new(&Checkpoint::rehearsal("tiny")?)?;
/// let keys = experiments::at(&model, &[1, 2, 3, 4, 5], Site::Keys(0))?;
/// assert_eq!(keys.dims(), [3, 5, 8]); // [n_kv_heads, T, head_dim]
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// A layer that the model does not have, and what [`Transformer::forward`] reports.
pub fn at(model: &Transformer, ids: &[u32], site: Site) -> Result<Tensor> {
    let mut found = None;
    let pass = run(model, ids, &mut |here, tensor| {
        if here != site {
            return Ok(None);
        }
        found = Some(tensor.clone());
        Err(Error::Stopped)
    });
    if let Some(tensor) = found {
        return Ok(tensor);
    }
    pass?;
    let n_layers = model.config.n_layers;
    Err(Error::Argument(format!("there is no {site:?}: the model has {n_layers} layers")))
}

/// The logit lens: what the residual stream after each layer would predict, if the model ended
/// there, for the token after the last one.
///
/// Source: nostalgebraist, interpreting GPT: the logit lens (2020).
///
/// # Shapes
/// → `[n_layers, vocab_size]`
///
/// ```
/// use llama3::prelude::*;
/// let model = Transformer::new(&Checkpoint::rehearsal("tiny")?)?;
/// let lens = experiments::logit_lens(&model, &[1, 2, 3])?;
/// let last = model.next_logits(&[1, 2, 3], &mut model.new_cache(), &mut unobserved)?;
/// // After the last layer the lens sees what the model says.
/// assert!(difference(&lens.get(model.config.n_layers - 1)?, &last)? < 1e-4);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// As [`Transformer::forward`].
pub fn logit_lens(model: &Transformer, ids: &[u32]) -> Result<Tensor> {
    let mut streams = vec![];
    model.hidden(ids, &mut model.new_cache(), &mut |site, x| {
        if let Site::Residual(_) = site {
            streams.push(x.get(x.dim(0)? - 1)?);
        }
        Ok(None)
    })?;
    model.logits(&Tensor::stack(&streams, 0)?)
}

/// The logits of every position, with nothing changed.
///
/// # Shapes
/// → `[T, vocab_size]`
///
/// # Errors
/// As [`Transformer::forward`].
pub fn unchanged(model: &Transformer, ids: &[u32]) -> Result<Tensor> {
    run(model, ids, &mut unobserved)
}

/// The logits of every position when each token may look at all tokens, later ones too.
///
/// # Shapes
/// → `[T, vocab_size]`
///
/// # Errors
/// As [`Transformer::forward`].
pub fn without_mask(model: &Transformer, ids: &[u32]) -> Result<Tensor> {
    let mut q = None;
    let mut k = None;
    run(model, ids, &mut |site, tensor| {
        match site {
            Site::RotatedQueries(_) => q = Some(tensor.clone()),
            Site::RotatedKeys(_) => k = Some(tensor.clone()),
            _ => {}
        }
        match (site, &q, &k) {
            (Site::Scores(_), Some(q), Some(k)) => Ok(Some(scores(q, k)?)),
            _ => Ok(None),
        }
    })
}

/// The logits of every position when one head of one layer finds nothing.
///
/// # Shapes
/// → `[T, vocab_size]`
///
/// # Errors
/// A layer or head that the model does not have, and what [`Transformer::forward`] reports.
pub fn without_head(model: &Transformer, ids: &[u32], layer: usize, head: usize) -> Result<Tensor> {
    let (n_layers, n_heads) = (model.config.n_layers, model.config.n_heads);
    if layer >= n_layers || head >= n_heads {
        let there_are = format!("the model has {n_layers} layers of {n_heads} heads");
        return Err(Error::Argument(format!("no head {head} in layer {layer}: {there_are}")));
    }
    run(model, ids, &mut |site, heads| {
        if site != Site::HeadOutputs(layer) {
            return Ok(None);
        }
        let nothing = heads.narrow(0, head, 1)?.zeros_like()?; // [1, T, head_dim]
        let before = heads.narrow(0, 0, head)?;
        let after = heads.narrow(0, head + 1, n_heads - head - 1)?;
        Ok(Some(Tensor::cat(&[before, nothing, after], 0)?))
    })
}

/// The logits of every position when one layer adds nothing to the residual stream.
///
/// # Shapes
/// → `[T, vocab_size]`
///
/// # Errors
/// A layer that the model does not have, and what [`Transformer::forward`] reports.
pub fn without_layer(model: &Transformer, ids: &[u32], layer: usize) -> Result<Tensor> {
    let n_layers = model.config.n_layers;
    if layer >= n_layers {
        let there_are = format!("the model has {n_layers} layers, counted from 0");
        return Err(Error::Argument(format!("no layer {layer}: {there_are}")));
    }
    run(model, ids, &mut |site, tensor| {
        let of_the_layer =
            site == Site::AttentionOutput(layer) || site == Site::FeedForwardOutput(layer);
        Ok(of_the_layer.then(|| tensor.zeros_like()).transpose()?)
    })
}

fn run(model: &Transformer, ids: &[u32], observer: &mut Observer) -> Result<Tensor> {
    model.forward(ids, &mut model.new_cache(), observer)
}
