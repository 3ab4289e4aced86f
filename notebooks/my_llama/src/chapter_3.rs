//! Chapter 3 of the notebooks wrote this: `keep(3)`.

pub use super::chapter_2::*;

pub fn embed(model: &Checkpoint, ids: &[u32]) -> Result<Tensor> {
    model.rows("tok_embeddings.weight", ids)
}
