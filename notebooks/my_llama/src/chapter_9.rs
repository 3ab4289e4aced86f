//! Chapter 9 of the notebooks wrote this: `keep(9)`.

pub use super::chapter_8::*;

pub fn lens(lesson: &Lesson, x: &Tensor) -> Result<Tensor> {
    let weight = lesson.checkpoint.tensor("norm.weight")?;
    let normed = rms_norm(x, &weight, lesson.config.norm_eps)?; // [n, dim]
    linear(&normed, &lesson.checkpoint.matrix("output.weight")?) // [n, vocab_size]
}
