//! Chapter 3 of the notebooks wrote this: `keep(3)`.

pub use super::chapter_2::*;

pub fn embed(model: &Checkpoint, ids: &[u32]) -> Result<Tensor> {
    model.rows("tok_embeddings.weight", ids) // [T, dim]
}

pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    let mean_square = x.sqr()?.mean_keepdim(D::Minus1)?; // [T, 1]
    let normed = x.broadcast_div(&(mean_square + eps)?.sqrt()?)?; // [T, dim]
    Ok(normed.broadcast_mul(weight)?)
}
