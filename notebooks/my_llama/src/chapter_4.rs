//! Chapter 4 of the notebooks wrote this: `keep(4)`.

pub use super::chapter_3::*;

pub fn split_heads(x: &Tensor, n_heads: usize) -> Result<Tensor> {
    let (n_tokens, width) = x.dims2()?;
    let heads = x.reshape((n_tokens, n_heads, width / n_heads))?; // [T, n_heads, head_dim]
    Ok(heads.transpose(0, 1)?.contiguous()?) // [n_heads, T, head_dim]
}

pub fn linear(x: &Tensor, w: &Matrix) -> Result<Tensor> {
    let ids: Vec<u32> = (0..w.out_dim as u32).collect();
    let mut parts = vec![];
    for some in ids.chunks(1000) {
        parts.push(x.matmul(&w.rows(some)?.t()?)?); // [T, 1000]
    }
    Ok(Tensor::cat(&parts, 1)?) // [T, out]
}
