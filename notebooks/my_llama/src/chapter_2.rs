//! Chapter 2 of the notebooks wrote this: `keep(2)`.

pub use super::chapter_1::*;

pub fn weight(model: &Checkpoint, name: &str) -> Result<Tensor> {
    model.tensor(name)
}
