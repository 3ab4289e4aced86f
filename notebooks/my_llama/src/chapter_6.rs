//! Chapter 6 of the notebooks wrote this: `keep(6)`.

pub use super::chapter_5::*;

pub fn scores(q: &Tensor, k: &Tensor) -> Result<Tensor> {
    Ok((q.matmul(&k.t()?)? / (q.dim(D::Minus1)? as f64).sqrt())?)
}
pub fn causal_mask(n: usize) -> Result<Tensor> {
    llama3::attention::causal_mask(n, 0, &Device::Cpu)
}
