//! Chapter 5 of the notebooks wrote this: `keep(5)`.

pub use super::chapter_4::*;

pub fn base_freqs(config: &Config) -> Vec<f32> {
    let exponent = |j: usize| 2.0 * j as f64 / config.head_dim as f64;
    (0..config.head_dim / 2).map(|j| config.rope_theta.powf(-exponent(j)) as f32).collect()
}

pub fn new_freq(freq: f32, config: &Config) -> f32 {
    let Some(s) = config.rope_scaling else { return freq };
    let turns = s.original_max_seq_len as f64 * freq as f64 / std::f64::consts::TAU;
    let keep = (turns - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
    let keep = keep.clamp(0.0, 1.0);
    ((keep + (1.0 - keep) / s.factor) * freq as f64) as f32
}

pub fn freqs(config: &Config) -> Vec<f32> {
    base_freqs(config).iter().map(|&freq| new_freq(freq, config)).collect() // [head_dim / 2]
}

pub fn angles(freqs: &[f32], start: usize, n: usize) -> Result<Tensor> {
    let positions: Vec<f32> = (start..start + n).map(|position| position as f32).collect();
    let positions = Tensor::from_vec(positions, (n, 1), &Device::Cpu)?; // [T, 1]
    Ok(positions.broadcast_mul(&Tensor::from_slice(freqs, (1, freqs.len()), &Device::Cpu)?)?) // [T, head_dim / 2]
}

pub fn rotate(x: &Tensor, angles: &Tensor) -> Result<Tensor> {
    let (n_heads, n_tokens, head_dim) = x.dims3()?;
    let pairs = x.reshape((n_heads, n_tokens, head_dim / 2, 2))?;
    let (a, b) = (pairs.i((.., .., .., 0))?, pairs.i((.., .., .., 1))?); // [n_heads, T, head_dim / 2]
    let (cos, sin) = (angles.cos()?, angles.sin()?); // [T, head_dim / 2]
    let real = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
    let imag = (a.broadcast_mul(&sin)? + b.broadcast_mul(&cos)?)?;
    Ok(Tensor::stack(&[real, imag], 3)?.flatten_from(2)?) // [n_heads, T, head_dim]
}
