//! The three files that describe a Llama, read into one [`Config`].

use super::keys::Keys;
use super::unread;
use crate::config::{Config, RELEASED, RopeScaling};
use crate::error::Result;
use candle_core::quantized::gguf_file::Value as GgufValue;
use std::collections::HashMap;
use std::path::Path;

/// The keys and values at the head of a GGUF file.
pub type GgufMetadata = HashMap<String, GgufValue>;

/// What a description says.
pub struct Description {
    pub config: Config,
    /// What the file did not say and was filled in, one sentence each.
    pub assumed: Vec<String>,
}

impl Config {
    /// Reads Meta's `params.json`. That file does not state the RoPE scaling factor: `rope_factor`
    /// does, or it is taken from the sizes.
    ///
    /// # Errors
    /// A missing, misspelt or contradicting key: the message names the file, the key and its value.
    pub fn from_meta(path: &Path, rope_factor: Option<f64>) -> Result<Config> {
        Ok(from_meta(path, rope_factor)?.config)
    }
}

/// Meta's `params.json`.
pub fn from_meta(path: &Path, rope_factor: Option<f64>) -> Result<Description> {
    let params = Keys::open(path)?;
    unread::check_json_keys(&params)?;
    let (dim, n_heads) = (params.required("dim")?, params.required("n_heads")?);
    let multiplier = params.optional("ffn_dim_multiplier")?;
    let hidden_dim = Config::ffn_width(dim, multiplier, params.required("multiple_of")?);
    let is_scaled = params.flag("use_scaled_rope")?;
    let mut config = Config {
        dim,
        n_layers: params.required("n_layers")?,
        n_heads,
        n_kv_heads: params.optional("n_kv_heads")?.unwrap_or(n_heads),
        head_dim: head_dim(&params, "head_dim", ("dim", dim), ("n_heads", n_heads))?,
        hidden_dim: hidden_dim
            .ok_or_else(|| params.error("multiple_of", "no FFN width follows from it"))?,
        vocab_size: params.required("vocab_size")?,
        norm_eps: params.required("norm_eps")?,
        rope_theta: params.required("rope_theta")?,
        rope_scaling: None,
        max_seq_len: (params.optional("max_seq_len")?).unwrap_or(if is_scaled {
            131072
        } else {
            8192
        }),
        tied_output: false,
    };
    let factor = rope_factor.or(params.optional("rope_scaling_factor")?);
    let mut assumed = vec![];
    if is_scaled {
        assumed.extend(scale_as_released(&mut config, factor));
    }
    unread::check_rope_names(&params)?;
    config.tied_output = params.optional("tied_output")?.unwrap_or(config.tied_output);
    let config = config.validate(path)?;
    Ok(Description { config, assumed })
}

/// `params.json` only says that RoPE is scaled: what it leaves out is told by the reader, by a key
/// of our own, or by the sizes of the released models. Returns what had to be assumed.
fn scale_as_released(config: &mut Config, factor: Option<f64>) -> Option<String> {
    let released = RELEASED.iter().find(|(_, released)| {
        released.rope_scaling.is_some()
            && (released.dim, released.n_layers) == (config.dim, config.n_layers)
    });
    config.tied_output = released.is_some_and(|(_, released)| released.tied_output);
    if let Some(factor) = factor {
        config.rope_scaling = Some(RopeScaling::llama31(factor));
        return None;
    }
    let (scaling, reason) = match released {
        Some((name, released)) => (released.rope_scaling, format!("the sizes are those of {name}")),
        None => (Some(RopeScaling::llama31(8.0)), "as in Llama 3.1".into()),
    };
    config.rope_scaling = scaling;
    scaling.map(|scaling| {
        format!(
            "RoPE scaling factor {}: {reason}; params.json does not state it \
             (the key rope_scaling_factor overrides it)",
            scaling.factor
        )
    })
}

/// Hugging Face's `config.json`.
pub fn from_hugging_face(path: &Path) -> Result<Description> {
    let keys = Keys::open(path)?;
    keys.expect("model_type", "llama")?;
    unread::check_json_keys(&keys)?;
    keys.expect("hidden_act", "silu")?;
    for key in ["attention_bias", "mlp_bias"] {
        if keys.flag(key)? {
            return Err(keys.error(key, "Llama 3 has no biases, and they are not supported"));
        }
    }
    let (dim, n_heads) = (keys.required("hidden_size")?, keys.required("num_attention_heads")?);
    let (rope_theta, rope_scaling) = rope_of_hugging_face(&keys)?;
    let config = Config {
        dim,
        n_layers: keys.required("num_hidden_layers")?,
        n_heads,
        n_kv_heads: keys.optional("num_key_value_heads")?.unwrap_or(n_heads),
        head_dim: head_dim(
            &keys,
            "head_dim",
            ("hidden_size", dim),
            ("num_attention_heads", n_heads),
        )?,
        hidden_dim: keys.required("intermediate_size")?,
        vocab_size: keys.required("vocab_size")?,
        norm_eps: keys.required("rms_norm_eps")?,
        rope_theta,
        rope_scaling,
        max_seq_len: keys.optional("max_position_embeddings")?.unwrap_or(8192),
        tied_output: keys.flag("tie_word_embeddings")?,
    };
    Ok(Description { config: config.validate(path)?, assumed: vec![] })
}

/// The base of the frequencies, and their scaling. transformers 5 writes both into
/// `rope_parameters`, whose place a `rope_scaling` that says anything takes.
fn rope_of_hugging_face(keys: &Keys) -> Result<(f64, Option<RopeScaling>)> {
    let scaling = keys.object("rope_scaling")?.filter(|rope| !rope.is_empty());
    let rope = scaling.or(keys.object("rope_parameters")?);
    let theta = match &rope {
        Some(rope) => {
            unread::check_json_keys(rope)?;
            rope.optional("rope_theta")?
        }
        None => None,
    };
    let theta = theta.map_or_else(|| keys.required("rope_theta"), Ok)?;
    let scaling = rope.map_or(Ok(None), |rope| scaling_of_hugging_face(&rope))?;
    unread::check_rope_names(keys)?;
    Ok((theta, scaling))
}

fn scaling_of_hugging_face(rope: &Keys) -> Result<Option<RopeScaling>> {
    let newer = rope.optional("rope_type")?;
    let older = rope.optional("type")?;
    match newer.or(older) {
        Some("llama3") => {
            let scaling = RopeScaling {
                factor: rope.required("factor")?,
                low_freq_factor: rope.required("low_freq_factor")?,
                high_freq_factor: rope.required("high_freq_factor")?,
                original_max_seq_len: rope.required("original_max_position_embeddings")?,
            };
            unread::check_rope_keys(rope, &["factor", "low_freq_factor", "high_freq_factor"])?;
            Ok(Some(scaling))
        }
        None | Some("default") => {
            unread::check_rope_keys(rope, &[])?;
            Ok(None)
        }
        Some(_) => {
            let key = if newer.is_some() { "rope_type" } else { "type" };
            Err(rope.error(key, "only \"llama3\" and \"default\" are supported"))
        }
    }
}

/// The metadata of a GGUF file. Whether the output is tied and RoPE scaled, its tensors say.
pub fn from_gguf(metadata: &GgufMetadata, path: &Path) -> Result<Description> {
    let keys = Keys::from_gguf(metadata, path);
    unread::check_gguf_type(&keys)?;
    keys.expect("general.architecture", "llama")?;
    let (dim, n_heads) =
        (keys.required("llama.embedding_length")?, keys.required("llama.attention.head_count")?);
    let n_kv_heads = keys.optional("llama.attention.head_count_kv")?;
    let rope_theta = keys.optional("llama.rope.freq_base")?;
    let n_tokens = match metadata.get("tokenizer.ggml.tokens") {
        Some(GgufValue::Array(tokens)) => Some(tokens.len()),
        _ => None,
    };
    let config = Config {
        dim,
        n_layers: keys.required("llama.block_count")?,
        n_heads,
        n_kv_heads: n_kv_heads.unwrap_or(n_heads),
        head_dim: head_dim(
            &keys,
            "llama.attention.key_length",
            ("llama.embedding_length", dim),
            ("llama.attention.head_count", n_heads),
        )?,
        hidden_dim: keys.required("llama.feed_forward_length")?,
        vocab_size: (keys.optional("llama.vocab_size")?.or(n_tokens))
            .map_or_else(|| keys.required("llama.vocab_size"), Ok)?,
        norm_eps: keys.required("llama.attention.layer_norm_rms_epsilon")?,
        rope_theta: rope_theta.unwrap_or(10000.0),
        rope_scaling: None,
        max_seq_len: keys.optional("llama.context_length")?.unwrap_or(8192),
        tied_output: false,
    };
    unread::check_gguf_keys(&keys, &config)?;
    let mut assumed = vec![];
    if rope_theta.is_none() {
        assumed.push("rope_theta 10000: the file has no llama.rope.freq_base".into());
    }
    let config = config.validate(path)?;
    Ok(Description { config, assumed })
}

/// `head_dim` if it is stated, else `dim / n_heads`, which must come out even.
fn head_dim(
    keys: &Keys,
    key: &str,
    (dim_key, dim): (&str, usize),
    (heads_key, n_heads): (&str, usize),
) -> Result<usize> {
    if let Some(head_dim) = keys.optional(key)? {
        return Ok(head_dim);
    }
    if n_heads == 0 || dim % n_heads != 0 {
        let problem = format!("it must be a multiple of {heads_key} = {n_heads}");
        return Err(keys.error(dim_key, &problem));
    }
    Ok(dim / n_heads)
}
