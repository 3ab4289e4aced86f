//! RoPE: a token's position turns its queries and keys, pair by pair, like the hands of many clocks.
//!
//! Weights in Meta's order keep a pair in neighbouring components (2i, 2i+1). Files in Hugging
//! Face's order are put back into this order when they are read (see `checkpoint`).

use crate::config::Config;
use crate::error::{Error, Result};
use candle_core::{D, Device, Tensor};
use std::f64::consts::TAU;

/// How far each pair turns from one position to the next, in radians.
///
/// $$ freq_i = rope\\_theta^{-2i / head\\_dim} $$
///
/// The first pair turns fastest (1 radian a position). Llama 3.1 and later slow the slow pairs
/// down further: see [`RopeScaling`](crate::config::RopeScaling).
///
/// Source: Su et al., RoFormer, section 3.3 and equation 15; Llama 3 uses the base 500000.
///
/// # Shapes
/// → `[head_dim / 2]` numbers
///
/// ```
/// let freqs = llama3::rope::freqs(&llama3::Config::named("llama-3-8b")?);
/// assert_eq!(freqs.len(), 64);
/// assert_eq!((freqs[0], freqs[1]), (1.0, 0.8146172));
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn freqs(config: &Config) -> Vec<f32> {
    // Rust: a range is an iterator, `map` is lazy, `collect` makes the Vec.
    (0..config.head_dim / 2)
        .map(|i| {
            let exponent = 2.0 * i as f64 / config.head_dim as f64;
            scaled(config.rope_theta.powf(-exponent), config) as f32
        })
        .collect()
}

/// Llama 3.1's change: a pair that turns less than `low_freq_factor` times in the original context
/// turns `factor` times slower; more than `high_freq_factor` times, it stays; between, a blend.
fn scaled(freq: f64, config: &Config) -> f64 {
    let Some(scaling) = config.rope_scaling else {
        return freq;
    };
    let turns = scaling.original_max_seq_len as f64 * freq / TAU;
    let (low, high) = (scaling.low_freq_factor, scaling.high_freq_factor);
    let keep = ((turns - low) / (high - low)).clamp(0.0, 1.0);
    (1.0 - keep) * freq / scaling.factor + keep * freq
}

/// The angle of every pair at every position: position × frequency, in radians.
///
/// Source: Su et al., RoFormer, equation 15; `precompute_freqs_cis` in meta-llama/llama3.
///
/// # Shapes
/// → `[n_tokens, head_dim / 2]`, for the positions `start_pos`, `start_pos + 1`, …
///
/// ```
/// let angles = llama3::rope::angles(&[1.0, 0.5], 3, 2, &candle_core::Device::Cpu)?;
/// assert_eq!(angles.to_vec2::<f32>()?, [[3.0, 1.5], [4.0, 2.0]]); // positions 3 and 4
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn angles(freqs: &[f32], start_pos: usize, n_tokens: usize, device: &Device) -> Result<Tensor> {
    let positions: Vec<f32> = (start_pos..start_pos + n_tokens).map(|pos| pos as f32).collect();
    let positions = Tensor::from_vec(positions, (n_tokens, 1), device)?;
    let freqs = Tensor::from_slice(freqs, (1, freqs.len()), device)?;
    Ok(positions.broadcast_mul(&freqs)?)
}

/// Turns every pair (2i, 2i+1) by its angle: one complex multiplication.
///
/// $$ (a + bi)(\cos\alpha + i\sin\alpha) = (a\cos\alpha - b\sin\alpha) + (a\sin\alpha + b\cos\alpha)i $$
///
/// Cost: 3 · head_dim flops a head and token, and no weights at all.
///
/// Source: Su et al., RoFormer, equations 13 and 34.
///
/// # Shapes
/// x `[n_heads, T, head_dim]`, angles `[T, head_dim / 2]` → `[n_heads, T, head_dim]`
///
/// ```
/// use candle_core::{Device, Tensor};
/// let x = Tensor::new(&[[[3f32, 4.0]]], &Device::Cpu)?; // 3 + 4i
/// let angles = Tensor::new(&[[std::f32::consts::FRAC_PI_2]], &Device::Cpu)?; // times i
/// let turned = llama3::rope::rotate(&x, &angles)?.flatten_all()?.to_vec1::<f32>()?;
/// assert!((turned[0] + 4.0).abs() < 1e-6 && (turned[1] - 3.0).abs() < 1e-6);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// Angles for another number of tokens or pairs than x has.
pub fn rotate(x: &Tensor, angles: &Tensor) -> Result<Tensor> {
    let (n_heads, n_tokens, head_dim) = x.dims3()?;
    if angles.dims() != [n_tokens, head_dim / 2] {
        let expected = format!("[T, head_dim / 2] = [{n_tokens}, {}]", head_dim / 2);
        return Err(Error::shape("RoPE angles", expected, angles.dims(), "one angle a pair"));
    }
    let pairs = x.reshape((n_heads, n_tokens, head_dim / 2, 2))?;
    let real = pairs.narrow(D::Minus1, 0, 1)?.squeeze(D::Minus1)?; // [n_heads, T, head_dim / 2]
    let imag = pairs.narrow(D::Minus1, 1, 1)?.squeeze(D::Minus1)?;
    let (cos, sin) = (angles.cos()?, angles.sin()?);
    let turned_real = (real.broadcast_mul(&cos)? - imag.broadcast_mul(&sin)?)?;
    let turned_imag = (real.broadcast_mul(&sin)? + imag.broadcast_mul(&cos)?)?;
    let turned = Tensor::stack(&[turned_real, turned_imag], D::Minus1)?;
    Ok(turned.reshape((n_heads, n_tokens, head_dim))?)
}
