//! Chapter 7 of the notebooks wrote this: `keep(7)`.

pub use super::chapter_6::*;

pub fn attend(q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
    let masked = (scores(q, k)? + causal_mask(q.dim(0)?)?)?; // [T, T]
    Ok(softmax(&masked)?.matmul(v)?) // [T, head_dim]
}

pub fn all_heads(q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
    let (n_heads, group_size) = (q.dim(0)?, q.dim(0)? / k.dim(0)?);
    let mut heads = vec![];
    for head in 0..n_heads {
        let kv_head = head / group_size;
        heads.push(attend(&q.get(head)?, &k.get(kv_head)?, &v.get(kv_head)?)?);
    }
    Ok(Tensor::stack(&heads, 0)?) // [n_heads, T, head_dim]
}

pub fn merge_heads(heads: &Tensor) -> Result<Tensor> {
    Ok(heads.transpose(0, 1)?.flatten_from(1)?) // [T, n_heads * head_dim]
}

pub fn attention(x: &Tensor, block: &llama3::block::Block, config: &Config) -> Result<Tensor> {
    let (q, k) = queries_and_keys(x, block, config)?; // [n_heads, T, head_dim], [n_kv_heads, T, head_dim]
    let v = split_heads(&linear(x, &block.wv)?, config.n_kv_heads)?; // [n_kv_heads, T, head_dim]
    linear(&merge_heads(&all_heads(&q, &k, &v)?)?, &block.wo) // [T, dim]
}

pub fn silu(x: &Tensor) -> Result<Tensor> {
    Ok((x / (x.neg()?.exp()? + 1.0)?)?)
}

pub fn feed_forward(x: &Tensor, block: &llama3::block::Block) -> Result<Tensor> {
    let gate = silu(&linear(x, &block.w1)?)?; // [T, hidden_dim]
    let up = linear(x, &block.w3)?; // [T, hidden_dim]
    linear(&(gate * up)?, &block.w2) // [T, dim]
}

pub fn block(x: &Tensor, block: &llama3::block::Block, config: &Config) -> Result<Tensor> {
    let normed = rms_norm(x, &block.attention_norm.to_tensor()?.get(0)?, config.norm_eps)?;
    let x = (x + attention(&normed, block, config)?)?; // [T, dim]
    let normed = rms_norm(&x, &block.ffn_norm.to_tensor()?.get(0)?, config.norm_eps)?;
    Ok((&x + feed_forward(&normed, block)?)?) // [T, dim]
}
