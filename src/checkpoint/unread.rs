//! What files hold and this mathematics has no use for: harmless, or refused by name. Passed over, it
//! would make every answer silently wrong.

use super::keys::Keys;
use super::names::{self, Dialect};
use crate::config::Config;
use crate::error::Result;
use serde_json::{Value, json};

const MIXTURE: &str = "a mixture of experts (MoE), and this crate runs dense Llamas";
const ADAPTER: &str = "an adapter (LoRA): use a model into which it is merged";
const QUANTISED: &str = "the weights are quantised in another program's way: take the model in BF16, \
                         or as a GGUF file";
const UNKNOWN: &str = "this crate does not know the key, and it may change the mathematics";

/// Keys of `params.json` and `config.json`, the number with which they change nothing, and what any
/// other value means.
const JSON_KEYS: [(&str, u32, &str); 7] = [
    ("partial_rotary_factor", 1, "a Llama's RoPE turns the whole of a head"),
    ("quantization_args", 0, QUANTISED),
    ("quantization_config", 0, QUANTISED),
    ("lora_args", 0, ADAPTER),
    ("moe_args", 0, MIXTURE),
    ("num_local_experts", 0, MIXTURE),
    ("num_experts", 0, MIXTURE),
];

/// Keys under `llama.` that are read, or that change nothing.
const HARMLESS: [&str; 13] = [
    "context_length",
    "embedding_length",
    "block_count",
    "feed_forward_length",
    "vocab_size",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.layer_norm_rms_epsilon",
    "rope.freq_base",
    "rope.scaling.original_context_length",
    "rope.scaling.finetuned",
    "tensor_data_layout",
];

/// Refuses what makes another model of one that a JSON file describes.
pub fn check_json_keys(keys: &Keys) -> Result<()> {
    for (key, neutral, problem) in JSON_KEYS {
        if let Some(value) = keys.optional::<Value>(key)?
            && !is_same(&value, &json!(neutral))
        {
            return Err(keys.error(key, problem));
        }
    }
    Ok(())
}

/// Refuses a key of RoPE that has another name than those that are read.
pub fn check_rope_names(keys: &Keys) -> Result<()> {
    let known = ["theta", "scaling", "scaling_factor", "parameters", "interleaved"];
    for (key, value) in keys.iter() {
        let name = key.strip_prefix("rope_").or(key.strip_prefix("rotary_"));
        let says_nothing = value.is_null() || value == &json!(false);
        if name.is_some_and(|name| !known.contains(&name)) && !says_nothing {
            return Err(keys.error(key, UNKNOWN));
        }
    }
    Ok(())
}

/// Refuses what the RoPE of the named type has no use for. `scaling` are the numbers that it takes.
pub fn check_rope_keys(rope: &Keys, scaling: &[&str]) -> Result<()> {
    let always = ["rope_type", "type", "rope_theta", "original_max_position_embeddings"];
    for (key, value) in rope.iter() {
        let is_known = [&always, scaling].concat().contains(&key.as_str());
        // The share of a head that is turned, and the factor of all scores: 1 changes nothing.
        if !is_known && !value.is_null() && !is_same(value, &json!(1)) {
            return Err(rope.error(key, "the RoPE of this rope_type takes no such number"));
        }
    }
    Ok(())
}

/// 1 and 1.0 are the same.
fn is_same(a: &Value, b: &Value) -> bool {
    a == b || a.is_number() && a.as_f64() == b.as_f64()
}

/// Refuses a GGUF file that is no model.
pub fn check_gguf_type(keys: &Keys) -> Result<()> {
    match keys.optional("general.type")? {
        None | Some("model") => Ok(()),
        Some("adapter") => Err(keys.error("general.type", ADAPTER)),
        Some(_) => Err(keys.error("general.type", "the file holds no model")),
    }
}

/// Refuses every key under `llama.` that is not known, or asks for more than a plain Llama.
pub fn check_gguf_keys(keys: &Keys, config: &Config) -> Result<()> {
    let neutral = [
        ("attention.value_length", json!(config.head_dim)),
        ("attention.causal", json!(true)),
        ("rope.dimension_count", json!(config.head_dim)),
        ("rope.scale_linear", json!(1)), // the old name of the factor
        ("rope.scaling.factor", json!(1)),
        ("rope.scaling.attn_factor", json!(1)),
        ("rope.scaling.type", json!("none")),
        ("expert_count", json!(0)),
        ("expert_used_count", json!(0)),
    ];
    for (key, value) in keys.iter() {
        let Some(name) = key.strip_prefix("llama.") else {
            continue;
        };
        let neutral = neutral.iter().find(|(key, _)| *key == name);
        let problem = match neutral {
            _ if HARMLESS.contains(&name) => continue,
            Some((_, neutral)) if is_same(value, neutral) => continue,
            _ if name.starts_with("expert") => MIXTURE.to_string(),
            Some((_, neutral)) => format!("only {neutral} is supported"),
            None => UNKNOWN.to_string(),
        };
        return Err(keys.error(key, &problem));
    }
    Ok(())
}

/// Why a tensor that the mathematics does not need is no harmless one, if it is none.
pub fn problem_of_tensor(name: &str, dialect: Dialect, config: &Config) -> Option<String> {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    // What RoPE follows from is in the description, and a tied output is the embedding table.
    let is_frequencies = ends(&["rope.freqs", "rotary_emb.inv_freq", "rope_freqs.weight"]);
    let output = names::translate("output.weight", dialect);
    if is_frequencies || config.tied_output && name.ends_with(&output) {
        return None;
    }
    let layer = name.split('.').find_map(|part| part.parse::<usize>().ok());
    let n_layers = config.n_layers;
    Some(if has(&["lora_"]) {
        ADAPTER.into()
    } else if has(&["exp", "gate_inp", "router", "moe"]) {
        MIXTURE.into()
    } else if layer.is_some_and(|layer| layer >= n_layers) {
        format!("the description says {n_layers} layers, counted from 0")
    } else if ends(&[".bias"]) {
        "a Llama has no biases".into()
    } else if has(&["scale", "absmax", "quant", "qweight", "qzeros", "g_idx"]) {
        QUANTISED.into()
    } else if has(&["q_norm", "k_norm"]) {
        "a Llama does not normalise its queries and keys".into()
    } else {
        "a Llama's mathematics has no such tensor".into()
    })
}
