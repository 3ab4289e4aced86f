//! What public runs of Meta's Llama 3 8B printed, to hold our own run against.
//!
//! The numbers come from naklecha/llama3-from-scratch and therealoliver/Deepdive-llama3-from-scratch,
//! which computed in bf16: near ties may change places, so the best token of a position is compared
//! by itself, and the ten best as a set.

use crate::config::Config;
use crate::plot::language::Language;

/// The prompt that all of them ran, with the trailing space that becomes token 220.
pub const PROMPT: &str =
    "the answer to the ultimate question of life, the universe, and everything is ";

/// The published values for [`PROMPT`].
pub struct Published {
    /// The prompt's 17 token ids.
    pub tokens: Vec<u32>,
    /// The token that follows: 2983, "42".
    pub next_token: u32,
    /// The ten best tokens after the prompt, best first.
    pub top10: Vec<String>,
    /// The best token after each of the 17 tokens.
    pub best: Vec<String>,
}

/// One comparison: what was compared, what was published, what this run gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What is compared, such as the next token.
    pub what: String,
    /// What others printed.
    pub published: String,
    /// What this run gave.
    pub here: String,
    /// Whether the two are the same.
    pub agrees: bool,
}

/// The published values.
pub fn values() -> Published {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("published_8b.json")).unwrap_or_default();
    let texts = |key: &str| -> Vec<String> {
        let list = json[key].as_array().into_iter().flatten();
        list.filter_map(|text| Some(text.as_str()?.to_string()))
            .collect()
    };
    let ids = json["tokens"].as_array().into_iter().flatten();
    Published {
        tokens: ids.filter_map(|id| Some(id.as_u64()? as u32)).collect(),
        next_token: json["next_token"].as_u64().unwrap_or(0) as u32,
        top10: texts("top10_of_the_last_position"),
        best: texts("best_token_at_each_position"),
    }
}

/// Whether a run can be compared: the 8B's exact sizes, on exactly that prompt.
pub fn applies_to(config: &Config, tokens: &[u32]) -> bool {
    let published = Config::named("llama-3-8b");
    let same = |c: &Config| {
        (c.dim, c.n_layers, c.n_heads, c.vocab_size, c.rope_scaling)
            == (
                config.dim,
                config.n_layers,
                config.n_heads,
                config.vocab_size,
                config.rope_scaling,
            )
    };
    published.is_ok_and(|c| same(&c)) && tokens == values().tokens
}

/// Holds a run against the published values.
///
/// `best` is the best token's text after every prompt token, `top10` the ten best after the last.
pub fn compare(next_token: Option<u32>, best: &[String], top10: &[String]) -> Vec<Check> {
    let (published, language) = (values(), Language::current());
    let mut checks = vec![Check {
        what: language.pick("next token", "下一个词元").into(),
        published: published.next_token.to_string(),
        here: next_token.map_or("none".into(), |id| id.to_string()),
        agrees: next_token == Some(published.next_token),
    }];
    let sorted = |tokens: &[String]| {
        let mut tokens = tokens.to_vec();
        tokens.sort();
        tokens
    };
    checks.push(Check {
        what: (language.pick("ten best tokens, as a set", "最好的十个词元（不计次序）")).into(),
        published: format!("{:?}", published.top10),
        here: format!("{top10:?}"),
        agrees: sorted(top10) == sorted(&published.top10),
    });
    for (position, expected) in published.best.iter().enumerate() {
        let here = best.get(position).cloned().unwrap_or_default();
        checks.push(Check {
            what: (language.pick("best token after position", "最好的词元，位置之后")).to_string()
                + &format!(" {position}"),
            published: format!("{expected:?}"),
            here: format!("{here:?}"),
            agrees: here == *expected,
        });
    }
    checks
}
