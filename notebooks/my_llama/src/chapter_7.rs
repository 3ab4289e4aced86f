//! Chapter 7 of the notebooks wrote this: `keep(7)`.

pub use super::chapter_6::*;

pub fn attention(x: &Tensor, block: &llama3::block::Block, config: &Config) -> Result<Tensor> {
    let turned = angles(&freqs(config), 0, x.dim(0)?)?;
    let q = rotate(&split_heads(&linear(x, &block.wq)?, config.n_heads)?, &turned)?;
    let k = rotate(&split_heads(&linear(x, &block.wk)?, config.n_kv_heads)?, &turned)?;
    let v = split_heads(&linear(x, &block.wv)?, config.n_kv_heads)?;
    let w = softmax(&llama3::attention::scores(&q, &k)?.broadcast_add(&causal_mask(x.dim(0)?)?)?)?;
    linear(&merge_heads(&weighted_values(&w, &v)?)?, &block.wo)
}

pub fn feed_forward(x: &Tensor, block: &llama3::block::Block) -> Result<Tensor> {
    linear(&swiglu(&linear(x, &block.w1)?, &linear(x, &block.w3)?)?, &block.w2)
}

pub fn block(x: &Tensor, block: &llama3::block::Block, config: &Config) -> Result<Tensor> {
    let normed = rms_norm(x, &block.attention_norm.to_tensor()?.get(0)?, config.norm_eps)?;
    let x = (x + attention(&normed, block, config)?)?;
    let normed = rms_norm(&x, &block.ffn_norm.to_tensor()?.get(0)?, config.norm_eps)?;
    Ok((&x + feed_forward(&normed, block)?)?)
}
