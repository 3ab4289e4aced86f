//! Chapter 6 of the notebooks wrote this: `keep(6)`.

pub use super::chapter_5::*;

pub fn queries_and_keys(x: &Tensor, block: &llama3::block::Block, config: &Config) -> Result<(Tensor, Tensor)> {
    let angles = angles(&freqs(config), 0, x.dim(0)?)?; // [T, head_dim / 2]
    let q = split_heads(&linear(x, &block.wq)?, config.n_heads)?; // [n_heads, T, head_dim]
    let k = split_heads(&linear(x, &block.wk)?, config.n_kv_heads)?; // [n_kv_heads, T, head_dim]
    Ok((rotate(&q, &angles)?, rotate(&k, &angles)?))
}

pub fn scores(q: &Tensor, k: &Tensor) -> Result<Tensor> {
    let head_dim = q.dim(D::Minus1)? as f64;
    Ok((q.matmul(&k.t()?)? / head_dim.sqrt())?) // [.., T, T]
}

pub fn softmax(x: &Tensor) -> Result<Tensor> {
    let largest = x.max_keepdim(D::Minus1)?; // [.., 1]
    let exps = x.broadcast_sub(&largest)?.exp()?;
    Ok(exps.broadcast_div(&exps.sum_keepdim(D::Minus1)?)?)
}

pub fn causal_mask(n: usize) -> Result<Tensor> {
    let mut mask = vec![0f32; n * n];
    for row in 0..n {
        mask[row * n + row + 1..(row + 1) * n].fill(f32::NEG_INFINITY);
    }
    Ok(Tensor::from_vec(mask, (n, n), &Device::Cpu)?) // [T, T]
}
