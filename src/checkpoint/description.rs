//! The three files that describe a Llama, read into one [`Config`].

use super::keys::Keys;
use crate::config::{Config, RopeScaling};
use crate::error::Result;
use candle_core::quantized::gguf_file::Value as GgufValue;
use std::collections::HashMap;
use std::path::Path;

/// The keys and values at the head of a GGUF file.
pub type GgufMetadata = HashMap<String, GgufValue>;

pub fn from_meta(path: &Path, rope_factor: Option<f64>) -> Result<Config> {
    let params = Keys::open(path)?;
    params.refuse_misspelt(&[
        "dim",
        "n_layers",
        "n_heads",
        "n_kv_heads",
        "head_dim",
        "vocab_size",
        "multiple_of",
        "ffn_dim_multiplier",
        "norm_eps",
        "rope_theta",
        "use_scaled_rope",
        "rope_scaling_factor",
        "tied_output",
        "max_seq_len",
    ])?;
    params.refuse_present(
        "quantization_args",
        "quantised .pth files are not supported",
    )?;
    let dim = params.size("dim")?;
    let n_heads = params.size("n_heads")?;
    let multiple_of = params.size("multiple_of")?;
    let multiplier = params.optional_number("ffn_dim_multiplier")?;
    let hidden_dim = Config::ffn_width(dim, multiplier, multiple_of)
        .ok_or_else(|| params.error("multiple_of", "no FFN width follows from it"))?;
    let n_layers = params.size("n_layers")?;
    let mut assumed = vec![];
    let scaled = params.flag("use_scaled_rope")?;
    let rope_scaling = match scaled {
        true => Some(scaling_of_meta(
            &params,
            rope_factor,
            (dim, n_layers),
            &mut assumed,
        )?),
        false => None,
    };
    let released_32 = matches!((dim, n_layers), (2048, 16) | (3072, 28));
    Config {
        dim,
        n_layers,
        n_heads,
        n_kv_heads: params.optional_size("n_kv_heads")?.unwrap_or(n_heads),
        head_dim: head_dim(&params, "head_dim", ("dim", dim), ("n_heads", n_heads))?,
        hidden_dim,
        vocab_size: params.size("vocab_size")?,
        norm_eps: params.number("norm_eps")?,
        rope_theta: params.number("rope_theta")?,
        rope_scaling,
        max_seq_len: (params.optional_size("max_seq_len")?).unwrap_or(if scaled {
            131072
        } else {
            8192
        }),
        tied_output: params.flag("tied_output")? || (scaled && released_32),
        assumed,
    }
    .validate(path)
}

/// `params.json` only says `use_scaled_rope`: the factor is told by the reader, by a key of our
/// own, or by the sizes of the released models.
fn scaling_of_meta(
    params: &Keys,
    option: Option<f64>,
    size: (usize, usize),
    assumed: &mut Vec<String>,
) -> Result<RopeScaling> {
    if let Some(factor) = option.or(params.optional_number("rope_scaling_factor")?) {
        return Ok(RopeScaling::llama31(factor));
    }
    let (factor, reason) = match size {
        (2048, 16) => (32.0, "the sizes are those of Llama 3.2 1B"),
        (3072, 28) => (32.0, "the sizes are those of Llama 3.2 3B"),
        _ => (8.0, "as in Llama 3.1"),
    };
    assumed.push(format!(
        "RoPE scaling factor {factor}: {reason}; params.json does not state it \
         (the key rope_scaling_factor overrides it)"
    ));
    Ok(RopeScaling::llama31(factor))
}

pub fn from_hugging_face(path: &Path) -> Result<Config> {
    let config = Keys::open(path)?;
    config.refuse_misspelt(&[
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "intermediate_size",
        "vocab_size",
        "rms_norm_eps",
        "rope_theta",
        "rope_scaling",
        "rope_parameters",
        "tie_word_embeddings",
        "max_position_embeddings",
    ])?;
    config.expect_text("model_type", "llama")?;
    config.expect_text("hidden_act", "silu")?;
    for key in ["attention_bias", "mlp_bias"] {
        if config.flag(key)? {
            return Err(config.error(key, "Llama 3 has no biases, and they are not supported"));
        }
    }
    let dim = config.size("hidden_size")?;
    let n_heads = config.size("num_attention_heads")?;
    // transformers 5 writes rope_parameters, which holds the base as well.
    let rope = (config.object("rope_parameters")?).or(config.object("rope_scaling")?);
    let rope_theta = match &rope {
        Some(rope) if rope.has("rope_theta") => rope.number("rope_theta")?,
        _ => config.number("rope_theta")?,
    };
    Config {
        dim,
        n_layers: config.size("num_hidden_layers")?,
        n_heads,
        n_kv_heads: (config.optional_size("num_key_value_heads")?).unwrap_or(n_heads),
        head_dim: head_dim(
            &config,
            "head_dim",
            ("hidden_size", dim),
            ("num_attention_heads", n_heads),
        )?,
        hidden_dim: config.size("intermediate_size")?,
        vocab_size: config.size("vocab_size")?,
        norm_eps: config.number("rms_norm_eps")?,
        rope_theta,
        rope_scaling: rope.map_or(Ok(None), |rope| scaling_of_hugging_face(&rope))?,
        max_seq_len: (config.optional_size("max_position_embeddings")?).unwrap_or(8192),
        tied_output: config.flag("tie_word_embeddings")?,
        assumed: vec![],
    }
    .validate(path)
}

fn scaling_of_hugging_face(rope: &Keys) -> Result<Option<RopeScaling>> {
    let key = if rope.has("rope_type") {
        "rope_type"
    } else {
        "type"
    };
    match rope.text(key)?.as_deref() {
        None | Some("default") => Ok(None),
        Some("llama3") => Ok(Some(RopeScaling {
            factor: rope.number("factor")?,
            low_freq_factor: rope.number("low_freq_factor")?,
            high_freq_factor: rope.number("high_freq_factor")?,
            original_max_seq_len: rope.size("original_max_position_embeddings")?,
        })),
        Some(_) => Err(rope.error(key, "only \"llama3\" and \"default\" are supported")),
    }
}

/// `head_dim` if it is stated, else `dim / n_heads`, which must come out even.
fn head_dim(
    keys: &Keys,
    key: &str,
    (dim_key, dim): (&str, usize),
    (heads_key, n_heads): (&str, usize),
) -> Result<usize> {
    if let Some(head_dim) = keys.optional_size(key)? {
        return Ok(head_dim);
    }
    if n_heads == 0 || dim % n_heads != 0 {
        let problem = format!("it must be a multiple of {heads_key} = {n_heads}");
        return Err(keys.error(dim_key, &problem));
    }
    Ok(dim / n_heads)
}

pub fn from_gguf(metadata: &GgufMetadata, path: &Path) -> Result<Config> {
    let meta = Keys::from_gguf(metadata, path);
    meta.expect_text("general.architecture", "llama")?;
    let dim = meta.size("llama.embedding_length")?;
    let n_heads = meta.size("llama.attention.head_count")?;
    let mut assumed = vec![];
    let rope_theta = meta
        .optional_number("llama.rope.freq_base")?
        .unwrap_or_else(|| {
            assumed.push("rope_theta 10000: the file has no llama.rope.freq_base".into());
            10000.0
        });
    if let Some(kind) = meta
        .text("llama.rope.scaling.type")?
        .filter(|kind| kind != "none")
    {
        let problem = format!("RoPE scaling of type {kind} is not supported");
        return Err(meta.error("llama.rope.scaling.type", &problem));
    }
    let n_tokens = match metadata.get("tokenizer.ggml.tokens") {
        Some(GgufValue::Array(tokens)) => Some(tokens.len()),
        _ => None,
    };
    let vocab_size = match meta.optional_size("llama.vocab_size")?.or(n_tokens) {
        Some(vocab_size) => vocab_size,
        None => meta.size("llama.vocab_size")?,
    };
    Config {
        dim,
        n_layers: meta.size("llama.block_count")?,
        n_heads,
        n_kv_heads: (meta.optional_size("llama.attention.head_count_kv")?).unwrap_or(n_heads),
        head_dim: head_dim(
            &meta,
            "llama.attention.key_length",
            ("llama.embedding_length", dim),
            ("llama.attention.head_count", n_heads),
        )?,
        hidden_dim: meta.size("llama.feed_forward_length")?,
        vocab_size,
        norm_eps: meta.number("llama.attention.layer_norm_rms_epsilon")?,
        rope_theta,
        rope_scaling: None,
        max_seq_len: (meta.optional_size("llama.context_length")?).unwrap_or(8192),
        tied_output: false,
        assumed,
    }
    .validate(path)
}
