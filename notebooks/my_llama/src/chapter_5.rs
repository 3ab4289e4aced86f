//! Chapter 5 of the notebooks wrote this: `keep(5)`.

pub use super::chapter_4::*;

pub fn freqs(config: &Config) -> Vec<f64> {
    rope::freqs(config).into_iter().map(|f| f as f64).collect()
}

pub fn angles(freqs: &[f64], start: usize, n: usize) -> Result<Tensor> {
    let freqs: Vec<f32> = freqs.iter().map(|f| *f as f32).collect();
    rope::angles(&freqs, start, n, &Device::Cpu)
}

pub fn rotate(x: &Tensor, angles: &Tensor) -> Result<Tensor> {
    rope::rotate(x, angles)
}
