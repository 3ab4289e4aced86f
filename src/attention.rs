//! Attention: every token looks back, weighs what it sees, and takes a weighted mean of the values.
//!
//! T counts the new tokens, S = `start_pos` + T all tokens so far. Query heads share key and value
//! heads in groups: query head h reads KV head h / `group_size`.

use crate::error::{Error, Result};
use candle_core::{D, Device, Tensor};

/// Cuts each token's vector into heads, and puts the heads first.
///
/// # Shapes
/// x `[T, n_heads * head_dim]` → `[n_heads, T, head_dim]`
///
/// ```
/// use candle_core::{Device, Tensor};
/// let x = Tensor::new(&[[1f32, 2., 3., 4.], [5., 6., 7., 8.]], &Device::Cpu)?; // [T, 2 * 2]
/// let heads = llama3::attention::split_heads(&x, 2)?;
/// assert_eq!(heads.to_vec3::<f32>()?, [[[1., 2.], [5., 6.]], [[3., 4.], [7., 8.]]]);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// A size that does not divide evenly.
pub fn split_heads(x: &Tensor, n_heads: usize) -> Result<Tensor> {
    let (n_tokens, size) = x.dims2()?;
    let heads = x.reshape((n_tokens, n_heads, size / n_heads.max(1)))?;
    Ok(heads.transpose(0, 1)?.contiguous()?)
}

/// The other way round: each token's heads side by side again.
///
/// # Shapes
/// x `[n_heads, T, head_dim]` → `[T, n_heads * head_dim]`
///
/// ```
/// use candle_core::{Device, Tensor};
/// let heads = Tensor::new(&[[[1f32, 2.], [5., 6.]], [[3., 4.], [7., 8.]]], &Device::Cpu)?;
/// let x = llama3::attention::merge_heads(&heads)?;
/// assert_eq!(x.to_vec2::<f32>()?, [[1., 2., 3., 4.], [5., 6., 7., 8.]]);
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn merge_heads(x: &Tensor) -> Result<Tensor> {
    Ok(x.transpose(0, 1)?.flatten_from(1)?)
}

/// How well each query fits each key: their dot product, divided by √`head_dim`.
///
/// $$ scores = \frac{q k^T}{\sqrt{head\\_dim}} $$
///
/// The heads of one group lie one after another, so a group's queries are one tall matrix that
/// meets its shared keys in one multiplication.
///
/// Cost: 2 · S · n_heads · head_dim flops a token; the keys are read once a group.
///
/// Source: Vaswani et al., Attention Is All You Need, equation 1; Ainslie et al., GQA, section 2.2.
///
/// # Shapes
/// q `[n_heads, T, head_dim]`, k `[n_kv_heads, S, head_dim]` → `[n_heads, T, S]`
///
/// Two query heads share one key head; √4 = 2:
///
/// ```
/// use candle_core::{Device, Tensor};
/// let q = Tensor::new(&[[[2f32, 0., 0., 0.]], [[0., 2., 0., 0.]]], &Device::Cpu)?; // [2, 1, 4]
/// let k = Tensor::new(&[[[1f32, 5., 0., 0.], [3., 7., 0., 0.]]], &Device::Cpu)?; // [1, 2, 4]
/// let scores = llama3::attention::scores(&q, &k)?; // [2, 1, 2]
/// assert_eq!(scores.to_vec3::<f32>()?, [[[1., 3.]], [[5., 7.]]]);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// Heads that do not share evenly, or of different size.
pub fn scores(q: &Tensor, k: &Tensor) -> Result<Tensor> {
    // Rust: `?` hands an error to the caller; dims3 refuses a tensor without three axes.
    let (n_heads, n_tokens, head_dim) = q.dims3()?;
    let (n_kv_heads, n_visible, k_head_dim) = k.dims3()?;
    if k_head_dim != head_dim {
        let expected = format!("[n_kv_heads, S, {head_dim}]");
        return Err(Error::shape("keys", expected, k.dims(), "as long as the queries"));
    }
    let group_size = group_size(n_heads, n_kv_heads)?;
    let grouped = q.reshape((n_kv_heads, group_size * n_tokens, head_dim))?;
    let products = grouped.matmul(&k.t()?)?.reshape((n_heads, n_tokens, n_visible))?;
    Ok((products / (head_dim as f64).sqrt())?)
}

/// What a token may look at: 0 for itself and everything before, −∞ for what comes after.
///
/// Added to the scores, it makes the later tokens' weights exactly 0, since e^−∞ = 0.
///
/// Source: Vaswani et al., Attention Is All You Need, section 3.2.3.
///
/// # Shapes
/// → `[T, S]` with S = `start_pos` + T
///
/// ```
/// use candle_core::Device;
/// let mask = llama3::attention::causal_mask(2, 1, &Device::Cpu)?.to_vec2::<f32>()?;
/// assert_eq!(mask, [[0.0, 0.0, f32::NEG_INFINITY], [0.0, 0.0, 0.0]]);
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn causal_mask(n_tokens: usize, start_pos: usize, device: &Device) -> Result<Tensor> {
    let n_visible = start_pos + n_tokens;
    let may_look = |query: usize, key: usize| key <= start_pos + query;
    let mask: Vec<f32> = (0..n_tokens)
        .flat_map(|query| (0..n_visible).map(move |key| (query, key)))
        .map(|(query, key)| if may_look(query, key) { 0.0 } else { f32::NEG_INFINITY })
        .collect();
    Ok(Tensor::from_vec(mask, (n_tokens, n_visible), device)?)
}

/// Turns each row of scores into weights that are positive and add up to 1.
///
/// $$ softmax(s)_j = \frac{e^{s_j - \max s}}{\sum_i e^{s_i - \max s}} $$
///
/// Taking the largest score off first changes nothing but keeps e^s from overflowing.
///
/// Cost: S exponentials a head and token.
///
/// # Shapes
/// scores `[…, S]` → `[…, S]`
///
/// ```
/// use candle_core::{Device, Tensor};
/// let scores = Tensor::new(&[[0f32, 0.0, f32::NEG_INFINITY]], &Device::Cpu)?;
/// let attn_weights = llama3::attention::softmax(&scores)?;
/// assert_eq!(attn_weights.to_vec2::<f32>()?, [[0.5, 0.5, 0.0]]);
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn softmax(scores: &Tensor) -> Result<Tensor> {
    let largest = scores.max_keepdim(D::Minus1)?;
    let exps = scores.broadcast_sub(&largest)?.exp()?;
    let sums = exps.sum_keepdim(D::Minus1)?;
    Ok(exps.broadcast_div(&sums)?)
}

/// For each token, the mean of the values it may look at, weighted by its attention.
///
/// Grouped as in [`scores`]: the heads that share values meet them in one multiplication.
///
/// Cost: as [`scores`].
///
/// Source: Vaswani et al., Attention Is All You Need, equation 1; Ainslie et al., GQA, section 2.2.
///
/// # Shapes
/// attn_weights `[n_heads, T, S]`, v `[n_kv_heads, S, head_dim]` → `[n_heads, T, head_dim]`
///
/// ```
/// use candle_core::{Device, Tensor};
/// let attn_weights = Tensor::new(&[[[0.5f32, 0.5]], [[0.0, 1.0]]], &Device::Cpu)?; // [2, 1, 2]
/// let v = Tensor::new(&[[[2f32, 4.], [6., 8.]]], &Device::Cpu)?; // one head for both
/// let heads = llama3::attention::weighted_values(&attn_weights, &v)?;
/// assert_eq!(heads.to_vec3::<f32>()?, [[[4., 6.]], [[6., 8.]]]);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// Heads that do not share evenly.
pub fn weighted_values(attn_weights: &Tensor, v: &Tensor) -> Result<Tensor> {
    let (n_heads, n_tokens, n_visible) = attn_weights.dims3()?;
    let (n_kv_heads, _, head_dim) = v.dims3()?;
    let group_size = group_size(n_heads, n_kv_heads)?;
    let grouped = attn_weights.reshape((n_kv_heads, group_size * n_tokens, n_visible))?;
    Ok(grouped.matmul(v)?.reshape((n_heads, n_tokens, head_dim))?)
}

/// How many query heads share one key and value head.
fn group_size(n_heads: usize, n_kv_heads: usize) -> Result<usize> {
    if n_kv_heads == 0 || !n_heads.is_multiple_of(n_kv_heads) {
        return Err(Error::Argument(format!(
            "{n_heads} query heads can't share {n_kv_heads} key and value heads evenly"
        )));
    }
    Ok(n_heads / n_kv_heads)
}
