//! The symbols of the notebooks, in both languages.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::plot;
use crate::plot::language::Language;
use crate::plot::table::Table;

/// Symbol, English, Chinese, key in params.json ("" where others give it, "-" where nothing does).
const SYMBOLS: [(&str, &str, &str, &str); 14] = [
    ("T", "tokens in the prompt", "提示的词元数", ""),
    ("S", "tokens visible: those before and the new ones", "可见的词元数：之前的加上新的", ""),
    ("dim", "size of a token's vector", "词元向量的大小", "dim"),
    ("n_layers", "blocks in a row", "块的个数", "n_layers"),
    ("n_heads", "query heads", "查询头的个数", "n_heads"),
    ("n_kv_heads", "key and value heads", "键头、值头的个数", "n_kv_heads"),
    ("group_size", "query heads that share a KV head", "共用一个 KV 头的查询头个数", ""),
    ("head_dim", "size of one head's vectors", "一个头的向量大小", ""),
    ("n_pairs", "pairs that RoPE turns in each head", "每个头里由 RoPE 旋转的对数", ""),
    ("hidden_dim", "width of the feed-forward network", "前馈网络的宽度", ""),
    ("vocab_size", "tokens the model knows", "词表大小", "vocab_size"),
    ("norm_eps", "keeps RMSNorm from dividing by zero", "防止 RMSNorm 除以零", "norm_eps"),
    ("rope_theta", "base of the RoPE frequencies", "RoPE 频率的底数", "rope_theta"),
    ("max_seq_len", "tokens the model was made for", "上下文长度", "-"),
];

/// One row a symbol, for a model of these sizes and a prompt of `n_tokens`.
pub fn table(config: &Config, n_tokens: usize, names: &[&str]) -> Result<Table> {
    let language = Language::current();
    let mut rows = plot::table::table(&language.pick(
        ["symbol", "meaning", "value here", "from params.json"],
        ["符号", "含义", "此处的值", "params.json 字段"],
    ));
    for name in names {
        let Some((symbol, en, zh, key)) = SYMBOLS.iter().find(|row| row.0 == *name) else {
            let known = SYMBOLS.map(|row| row.0).join(", ");
            return Err(Error::Argument(format!("no symbol {name}; known: {known}")));
        };
        let key = match (*symbol, *key) {
            ("T" | "S", _) => language.pick("(from the prompt)", "（取自提示）"),
            (_, "") => language.pick("(computed)", "（由上面几项算出）"),
            (_, "-") => language.pick("(not there)", "（不在其中）"),
            (_, key) => key,
        };
        rows = rows.row(&[symbol, &language.pick(en, zh), &value(config, n_tokens, symbol), &key]);
    }
    Ok(rows)
}

fn value(c: &Config, n_tokens: usize, symbol: &str) -> String {
    let size = match symbol {
        "T" | "S" => n_tokens,
        "dim" => c.dim,
        "n_layers" => c.n_layers,
        "n_heads" => c.n_heads,
        "n_kv_heads" => c.n_kv_heads,
        "group_size" => c.group_size(),
        "head_dim" => c.head_dim,
        "n_pairs" => c.head_dim / 2,
        "hidden_dim" => c.hidden_dim,
        "vocab_size" => c.vocab_size,
        "max_seq_len" => c.max_seq_len,
        "norm_eps" => return format!("{:e}", c.norm_eps),
        _ => return c.rope_theta.to_string(),
    };
    size.to_string()
}
