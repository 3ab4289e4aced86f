//! Chapter 10 of the notebooks wrote this: `keep(10)`.

pub use super::chapter_9::*;

pub fn empty_cache(config: &Config) -> Result<Vec<[Tensor; 2]>> {
    let none = Tensor::zeros((config.n_kv_heads, 0, config.head_dim), DType::F32, &Device::Cpu)?;
    Ok(vec![[none.clone(), none]; config.n_layers])
}

pub fn attention_after(
    x: &Tensor, block: &llama3::block::Block, config: &Config,
    start: usize, kept: &mut [Tensor; 2],
) -> Result<Tensor> {
    let turns = angles(&freqs(config), start, x.dim(0)?)?;
    let q = rotate(&split_heads(&linear(x, &block.wq)?, config.n_heads)?, &turns)?;
    let k = rotate(&split_heads(&linear(x, &block.wk)?, config.n_kv_heads)?, &turns)?;
    let v = split_heads(&linear(x, &block.wv)?, config.n_kv_heads)?;
    kept[0] = Tensor::cat(&[&kept[0], &k], 1)?; // [n_kv_heads, S, head_dim]
    kept[1] = Tensor::cat(&[&kept[1], &v], 1)?;
    let (n_new, n_visible) = (q.dim(1)?, kept[0].dim(1)?);
    let mask = causal_mask(n_visible)?.narrow(0, n_visible - n_new, n_new)?; // [T, S]
    let mut heads = vec![];
    for head in 0..config.n_heads {
        let kv_head = head / config.group_size();
        let scores = scores(&q.get(head)?, &kept[0].get(kv_head)?)?; // [T, S]
        heads.push(softmax(&(scores + &mask)?)?.matmul(&kept[1].get(kv_head)?)?); // [T, head_dim]
    }
    linear(&merge_heads(&Tensor::stack(&heads, 0)?)?, &block.wo)
}

pub fn forward_after(lesson: &Lesson, ids: &[u32], start: usize, cache: &mut [[Tensor; 2]]) -> Result<Tensor> {
    let (checkpoint, config) = (&lesson.checkpoint, &lesson.config);
    let norm = |x: &Tensor, w: &Matrix| rms_norm(x, &w.to_tensor()?.flatten_all()?, config.norm_eps);
    let mut x = embed(checkpoint, ids)?; // [T, dim]
    for (block, kept) in lesson.model.blocks.iter().zip(cache) {
        x = (&x + attention_after(&norm(&x, &block.attention_norm)?, block, config, start, kept)?)?;
        x = (&x + feed_forward(&norm(&x, &block.ffn_norm)?, block)?)?;
    }
    let last = norm(&x.narrow(0, ids.len() - 1, 1)?, &checkpoint.matrix("norm.weight")?)?; // [1, dim]
    Ok(linear(&last, &checkpoint.matrix("output.weight")?)?.get(0)?) // [vocab_size]
}

pub fn candidates(logits: &Tensor, how: sampling::Sampling) -> Result<Vec<(u32, f32)>> {
    let probs = softmax(&(logits / how.temperature as f64)?)?.to_vec1::<f32>()?;
    let mut best: Vec<(u32, f32)> = (0..).zip(probs).collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1));
    if how.top_k > 0 { best = sampling::top_k(best, how.top_k); }
    let (mut n, mut sum) = (0, 0.0);
    while n < best.len() && sum < how.top_p {
        sum += best[n].1;
        n += 1;
    }
    best.truncate(n);
    for (_, p) in &mut best { *p /= sum; }
    Ok(best)
}

pub fn random(seed: &mut u64) -> f32 {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*seed >> 40) as f32 / (1 << 24) as f32
}

pub fn sample(logits: &Tensor, how: sampling::Sampling, seed: &mut u64) -> Result<u32> {
    if how.temperature == 0.0 { return sampling::greedy(logits); }
    let (best, mut dart) = (candidates(logits, how)?, random(seed));
    for &(id, p) in &best {
        if dart < p { return Ok(id); }
        dart -= p;
    }
    Ok(best[0].0)
}

pub fn write(lesson: &Lesson, ids: &[u32], n: usize, how: sampling::Sampling) -> Result<Vec<u32>> {
    let (mut cache, mut seed) = (empty_cache(&lesson.config)?, how.seed);
    let (mut new, mut start, mut written) = (ids.to_vec(), 0, vec![]);
    while written.len() < n {
        let logits = forward_after(lesson, &new, start, &mut cache)?;
        let id = sample(&logits, how, &mut seed)?;
        if lesson.tokenizer.stop_tokens().contains(&id) { break; }
        start += new.len();
        new = vec![id];
        written.push(id);
    }
    Ok(written)
}

pub fn chat(lesson: &Lesson, question: &str, n: usize) -> Result<String> {
    let message = llama3::tokenizer::Message::new("user", question);
    let ids = lesson.tokenizer.chat(&[message])?;
    lesson.tokenizer.decode(&write(lesson, &ids, n, sampling::Sampling::default())?)
}
