//! Chapter 5 of the notebooks wrote this: `keep(5)`.

pub use super::chapter_4::*;

pub fn freqs(config: &Config) -> Vec<f32> { llama3::rope::freqs(config) }
pub fn angles(freqs: &[f32], start: usize, n: usize) -> Result<Tensor> { llama3::rope::angles(freqs, start, n, &Device::Cpu) }
pub fn rotate(x: &Tensor, angles: &Tensor) -> Result<Tensor> { llama3::rope::rotate(x, angles) }
