//! One table of names: every tensor as Meta, Hugging Face and GGUF call it.

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

/// Whose names these are, and what stands before each of them, such as `module.`: told by the
/// embedding table, which every Llama has.
pub fn dialect_of<'a>(
    names: impl Iterator<Item = &'a String> + Clone,
) -> Option<(Dialect, &'a str)> {
    let [meta, hugging_face, _] = AROUND_THE_LAYERS[0];
    let before = |table: &str| {
        let end = format!("{table}.weight");
        names.clone().find_map(|name| name.strip_suffix(&end))
    };
    let of_meta = before(meta).map(|before| (Dialect::Meta, before));
    of_meta.or_else(|| Some((Dialect::HuggingFace, before(hugging_face)?)))
}

fn layer_of(stem: &str) -> Option<(&str, &str)> {
    stem.strip_prefix("layers.")?.split_once('.')
}

fn lookup<'a>(table: &[[&'a str; 3]], name: &'a str, column: usize) -> &'a str {
    let row = table.iter().find(|row| row[0] == name);
    row.map_or(name, |row| row[column])
}
