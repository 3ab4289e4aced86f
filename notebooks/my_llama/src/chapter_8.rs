//! Chapter 8 of the notebooks wrote this: `keep(8)`.

pub use super::chapter_7::*;

pub fn forward(lesson: &Lesson, ids: &[u32]) -> Result<Tensor> {
    let (checkpoint, config) = (&lesson.checkpoint, &lesson.config);
    let mut x = embed(checkpoint, ids)?; // [T, dim]
    for layer in &lesson.model.blocks {
        x = block(&x, layer, config)?; // [T, dim]
    }
    let last = x.narrow(0, x.dim(0)? - 1, 1)?; // [1, dim]
    let last = rms_norm(&last, &checkpoint.tensor("norm.weight")?, config.norm_eps)?; // [1, dim]
    Ok(linear(&last, &checkpoint.matrix("output.weight")?)?.get(0)?) // [vocab_size]
}

pub fn says(lesson: &Lesson, text: &str, n: usize) -> Result<String> {
    let mut ids = lesson.tokenizer.prompt(text);
    let n_read = ids.len();
    for _ in 0..n {
        ids.push(forward(lesson, &ids)?.argmax(0)?.to_scalar::<u32>()?);
    }
    Ok(format!("{text}{}", lesson.tokenizer.decode(&ids[n_read..])?))
}
