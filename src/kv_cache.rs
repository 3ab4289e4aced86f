//! The KV cache: what attention needs again of the tokens that were already seen.
//!
//! A token's key and value in a layer depend only on it and on what stands before it. Once computed
//! they never change, so the next token only adds its own.

use crate::config::Config;
use crate::error::{Error, Result};
use candle_core::Tensor;

/// The keys (turned by RoPE) and values of all tokens so far, for every layer.
///
/// Each layer holds `[n_kv_heads, capacity, head_dim]`, of which the first `len()` positions count.
/// The capacity doubles when it is used up. The model fills it: give the same cache to every pass,
/// and only the new tokens.
///
/// ```
/// use llama3::prelude::*;
/// let model = Transformer::new(&Checkpoint::rehearsal("tiny")?)?;
/// let mut cache = model.new_cache();
/// model.next_logits(&[5, 6, 7], &mut cache, &mut unobserved)?; // the prompt at once
/// let with = model.next_logits(&[8], &mut cache, &mut unobserved)?; // position 3
/// let without = model.next_logits(&[5, 6, 7, 8], &mut model.new_cache(), &mut unobserved)?;
/// assert_eq!(cache.len(), 4);
/// assert!(difference(&with, &without)? < 1e-5);
/// # Ok::<(), llama3::Error>(())
/// ```
pub struct KvCache {
    layers: Vec<Option<Layer>>,
    len: usize,
}

struct Layer {
    keys: Tensor,
    values: Tensor,
}

/// The smallest capacity, in tokens.
const FIRST_CAPACITY: usize = 32;

impl KvCache {
    /// An empty cache for a model of these sizes.
    pub fn new(config: &Config) -> KvCache {
        KvCache { layers: (0..config.n_layers).map(|_| None).collect(), len: 0 }
    }

    /// How many tokens are in the cache: the position of the next one.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has been seen yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The memory that the keys and values of all layers take, in bytes.
    pub fn n_bytes(&self) -> usize {
        let size = |layer: &Layer| 2 * layer.keys.elem_count() * size_of::<f32>();
        self.layers.iter().flatten().map(size).sum()
    }

    /// A copy of its own, for trying another continuation.
    pub fn fork(&self) -> Result<KvCache> {
        let copy = |layer: &Option<Layer>| match layer {
            None => Ok(None),
            Some(layer) => {
                Ok(Some(Layer { keys: layer.keys.copy()?, values: layer.values.copy()? }))
            }
        };
        Ok(KvCache { layers: self.layers.iter().map(copy).collect::<Result<_>>()?, len: self.len })
    }

    /// Forgets everything after the first `len` tokens.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Adds the new tokens' keys and values to a layer, and returns all of that layer's.
    ///
    /// The new ones count for good only after [`KvCache::advance`], when every layer has them: a
    /// pass that fails or is given up halfway leaves the cache as it was.
    ///
    /// # Shapes
    /// k, v `[n_kv_heads, T, head_dim]` → both `[n_kv_heads, S, head_dim]`, S = `len()` + T
    ///
    /// # Errors
    /// A layer that is not in the cache, or shapes that differ from those before.
    pub fn append(&mut self, layer: usize, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        let (_, n_tokens, _) = k.dims3()?;
        if v.dims() != k.dims() {
            let expected = format!("{:?}, as the keys", k.dims());
            return Err(Error::shape("values", expected, v.dims(), "one of each a token"));
        }
        let n_layers = self.layers.len();
        // Rust: let-else binds what the pattern names, or leaves the function.
        let Some(slot) = self.layers.get_mut(layer) else {
            let message = format!("the KV cache has {n_layers} layers; there is no layer {layer}");
            return Err(Error::Argument(message));
        };
        let old = slot.as_ref();
        let keys = extended(old.map(|old| &old.keys), self.len, k)?;
        let values = extended(old.map(|old| &old.values), self.len, v)?;
        let end = self.len + n_tokens;
        let visible = (keys.narrow(1, 0, end)?, values.narrow(1, 0, end)?);
        // Only now that nothing can fail any more: else an error would lose what was there.
        *slot = Some(Layer { keys, values });
        Ok(visible)
    }

    /// Counts the tokens that every layer has received.
    pub fn advance(&mut self, n_tokens: usize) {
        self.len += n_tokens;
    }
}

/// The first `len` positions of `old` with `new` behind them: in the same buffer if it has room,
/// else in one of twice the size.
fn extended(old: Option<&Tensor>, len: usize, new: &Tensor) -> Result<Tensor> {
    let (n_kv_heads, n_tokens, head_dim) = new.dims3()?;
    let end = len + n_tokens;
    let buffer = match old {
        Some(old) if old.dim(1)? >= end => old.clone(), // the same memory, not a copy
        _ => {
            let capacity = end.next_power_of_two().max(FIRST_CAPACITY);
            let larger =
                Tensor::zeros((n_kv_heads, capacity, head_dim), new.dtype(), new.device())?;
            if let Some(old) = old.filter(|_| len > 0) {
                larger.slice_set(&old.narrow(1, 0, len)?.contiguous()?, 1, 0)?;
            }
            larger
        }
    };
    buffer.slice_set(&new.contiguous()?, 1, len)?;
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn numbers(first: f32, n_tokens: usize) -> Result<Tensor> {
        let count = 3 * n_tokens * 8;
        let values: Vec<f32> = (0..count).map(|i| first + i as f32).collect();
        Ok(Tensor::from_vec(values, (3, n_tokens, 8), &Device::Cpu)?)
    }

    /// An append that fails must leave the layer's keys and values, and not zeros in their place.
    #[test]
    fn a_failed_append_loses_nothing() -> Result<()> {
        let mut cache = KvCache::new(&Config::named("tiny")?);
        let (k, v) = (numbers(1.0, 5)?, numbers(1000.0, 5)?);
        cache.append(0, &k, &v)?;
        cache.advance(5);
        let wrong_size = Tensor::zeros((3, 40, 4), candle_core::DType::F32, &Device::Cpu)?;
        assert!(cache.append(0, &numbers(0.0, 1)?, &wrong_size).is_err());
        assert!(cache.append(0, &wrong_size, &wrong_size).is_err());
        let (keys, values) = cache.append(0, &numbers(0.0, 1)?, &numbers(0.0, 1)?)?;
        let first = |x: &Tensor| x.narrow(1, 0, 5)?.flatten_all()?.to_vec1::<f32>();
        assert_eq!(first(&keys)?, k.flatten_all()?.to_vec1::<f32>()?);
        assert_eq!(first(&values)?, v.flatten_all()?.to_vec1::<f32>()?);
        Ok(())
    }
}
