//! What public runs of Meta's Llama 3 8B printed, to hold our own run against.
//!
//! The numbers come from naklecha/llama3-from-scratch and therealoliver/Deepdive-llama3-from-scratch,
//! which computed in bf16: near ties may change places, so the best token of a position is compared
//! by itself, and the ten best as a set.

use crate::config::{Config, LLAMA3_8B};
use crate::plot::language::Language;
use std::collections::BTreeSet;

/// The prompt that all of them ran, with the trailing space that becomes token 220.
pub const PROMPT: &str =
    "the answer to the ultimate question of life, the universe, and everything is ";

/// The published values for [`PROMPT`].
#[derive(Debug, Clone, Copy)]
pub struct Published {
    /// The prompt's 17 token ids.
    pub tokens: &'static [u32],
    /// The token that follows: 2983, "42".
    pub next_token: u32,
    /// The ten best tokens after the prompt, best first.
    pub top10: &'static [&'static str],
    /// The best token after each of the 17 tokens.
    pub best: &'static [&'static str],
}

/// The published values.
pub const fn values() -> Published {
    Published {
        tokens: &[
            128000, 1820, 4320, 311, 279, 17139, 3488, 315, 2324, 11, 279, 15861, 11, 323, 4395,
            374, 220,
        ],
        next_token: 2983,
        top10: &["42", "6", "43", "41", "4", "1", "45", "3", "2", "46"],
        best: &[
            "Question",
            " ",
            " to",
            " the",
            " question",
            " question",
            " of",
            " life",
            ",",
            " the",
            " universe",
            ",",
            " and",
            " everything",
            "\n",
            " ",
            "42",
        ],
    }
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

/// Whether a run can be compared: the 8B's exact sizes, on exactly that prompt.
pub fn applies_to(config: &Config, tokens: &[u32]) -> bool {
    *config == LLAMA3_8B && tokens == values().tokens
}

/// Holds a run against the published values.
///
/// `best` is the best token's text after every prompt token, `top10` the ten best after the last.
pub fn compare<S: AsRef<str>>(next_token: Option<u32>, best: &[S], top10: &[S]) -> Vec<Check> {
    let (published, language) = (values(), Language::current());
    let top10: Vec<&str> = top10.iter().map(AsRef::as_ref).collect();
    let is_same_set = top10.iter().collect::<BTreeSet<_>>() == published.top10.iter().collect();
    let mut checks = vec![
        Check {
            what: language.pick("next token", "下一个词元").into(),
            published: published.next_token.to_string(),
            here: next_token.map_or("none".into(), |id| id.to_string()),
            agrees: next_token == Some(published.next_token),
        },
        Check {
            what: language.pick("ten best tokens, as a set", "最好的十个词元（不计次序）").into(),
            published: format!("{:?}", published.top10),
            here: format!("{top10:?}"),
            agrees: is_same_set,
        },
    ];
    let after = language.pick("best token after position", "最好的词元，位置之后");
    checks.extend(published.best.iter().enumerate().map(|(position, expected)| {
        let here = best.get(position).map_or("", AsRef::as_ref);
        Check {
            what: format!("{after} {position}"),
            published: format!("{expected:?}"),
            here: format!("{here:?}"),
            agrees: here == *expected,
        }
    }));
    checks
}
