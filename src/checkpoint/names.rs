//! One table of names: every tensor as Meta, Hugging Face and GGUF call it.

use crate::Config;

/// Whose names a file uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// `layers.0.attention.wq.weight`
    Meta,
    /// `model.layers.0.self_attn.q_proj.weight`
    HuggingFace,
    /// `blk.0.attn_q.weight`
    Gguf,
}

/// Meta, Hugging Face, GGUF. `w1` is SwiGLU's gate, `w3` its up and `w2` its down projection.
const IN_A_LAYER: [[&str; 3]; 9] = [
    ["attention.wq", "self_attn.q_proj", "attn_q"],
    ["attention.wk", "self_attn.k_proj", "attn_k"],
    ["attention.wv", "self_attn.v_proj", "attn_v"],
    ["attention.wo", "self_attn.o_proj", "attn_output"],
    ["feed_forward.w1", "mlp.gate_proj", "ffn_gate"],
    ["feed_forward.w3", "mlp.up_proj", "ffn_up"],
    ["feed_forward.w2", "mlp.down_proj", "ffn_down"],
    ["attention_norm", "input_layernorm", "attn_norm"],
    ["ffn_norm", "post_attention_layernorm", "ffn_norm"],
];

const AROUND_THE_LAYERS: [[&str; 3]; 3] = [
    ["tok_embeddings", "model.embed_tokens", "token_embd"],
    ["norm", "model.norm", "output_norm"],
    ["output", "lm_head", "output"],
];

/// Every tensor the model needs, under Meta's names and in Meta's order, with its shape.
///
/// # Shapes
/// Matrices are `[out, in]`, norm weights `[dim]`.
pub fn expected(config: &Config) -> Vec<(String, Vec<usize>)> {
    let c = config;
    let (q_dim, kv_dim) = (c.n_heads * c.head_dim, c.n_kv_heads * c.head_dim);
    let in_a_layer = [
        vec![q_dim, c.dim],
        vec![kv_dim, c.dim],
        vec![kv_dim, c.dim],
        vec![c.dim, q_dim],
        vec![c.hidden_dim, c.dim],
        vec![c.hidden_dim, c.dim],
        vec![c.dim, c.hidden_dim],
        vec![c.dim],
        vec![c.dim],
    ];
    let table = vec![c.vocab_size, c.dim];
    let mut tensors = vec![("tok_embeddings.weight".to_string(), table.clone())];
    for layer in 0..c.n_layers {
        for ([name, ..], shape) in IN_A_LAYER.iter().zip(&in_a_layer) {
            tensors.push((format!("layers.{layer}.{name}.weight"), shape.clone()));
        }
    }
    tensors.push(("norm.weight".to_string(), vec![c.dim]));
    if !c.tied_output {
        tensors.push(("output.weight".to_string(), table));
    }
    tensors
}

/// The shape of a tensor in words, for error messages: `[n_heads*head_dim, dim]`.
pub fn shape_in_words(name: &str) -> &'static str {
    let ends = |end: &str| name.ends_with(&format!("{end}.weight"));
    match () {
        _ if ends(".wq") => "[n_heads*head_dim, dim]",
        _ if ends(".wk") || ends(".wv") => "[n_kv_heads*head_dim, dim]",
        _ if ends(".wo") => "[dim, n_heads*head_dim]",
        _ if ends(".w1") || ends(".w3") => "[hidden_dim, dim]",
        _ if ends(".w2") => "[dim, hidden_dim]",
        _ if ends("norm") => "[dim]",
        _ => "[vocab_size, dim]",
    }
}

/// Meta's name of a tensor in another dialect.
///
/// ```
/// use llama3::checkpoint::names::{Dialect, translate};
/// let name = translate("layers.3.attention.wq.weight", Dialect::HuggingFace);
/// assert_eq!(name, "model.layers.3.self_attn.q_proj.weight");
/// ```
pub fn translate(name: &str, dialect: Dialect) -> String {
    let stem = name.strip_suffix(".weight").unwrap_or(name);
    let column = dialect as usize;
    if let Some((layer, rest)) = layer_of(stem) {
        let theirs = lookup(&IN_A_LAYER, rest, column);
        return match dialect {
            Dialect::Meta => format!("layers.{layer}.{theirs}.weight"),
            Dialect::HuggingFace => format!("model.layers.{layer}.{theirs}.weight"),
            Dialect::Gguf => format!("blk.{layer}.{theirs}.weight"),
        };
    }
    format!("{}.weight", lookup(&AROUND_THE_LAYERS, stem, column))
}

fn layer_of(stem: &str) -> Option<(&str, &str)> {
    stem.strip_prefix("layers.")?.split_once('.')
}

fn lookup<'a>(table: &[[&'a str; 3]], name: &'a str, column: usize) -> &'a str {
    let row = table.iter().find(|row| row[0] == name);
    row.map_or(name, |row| row[column])
}
