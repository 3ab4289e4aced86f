//! Refusing sizes that no Llama could have, before anything is computed or allocated with them.

use super::{Config, RopeScaling};
use crate::error::{Error, Result};
use std::path::Path;

/// A key, its value, and what is wrong with it.
type Problem = (&'static str, String, String);

impl Config {
    /// Refuses sizes that contradict each other or that no Llama could have.
    pub(crate) fn validate(self, path: &Path) -> Result<Config> {
        match self.out_of_range().or_else(|| self.contradiction()) {
            None => Ok(self),
            Some((key, value, problem)) => {
                Err(Error::Config { path: path.to_owned(), key: key.into(), value, problem })
            }
        }
    }

    /// The first size that is 0 or far larger than any Llama's: its key, its value, what is wrong.
    fn out_of_range(&self) -> Option<Problem> {
        let limits = [
            ("dim", self.dim, 1 << 18),
            ("n_layers", self.n_layers, 1 << 12),
            ("n_heads", self.n_heads, 1 << 12),
            ("n_kv_heads", self.n_kv_heads, 1 << 12),
            ("head_dim", self.head_dim, 1 << 14),
            ("hidden_dim", self.hidden_dim, 1 << 20),
            ("vocab_size", self.vocab_size, 1 << 22),
            ("max_seq_len", self.max_seq_len, 1 << 30),
        ];
        let mut wrong = limits.into_iter().filter(|&(_, size, limit)| size == 0 || size > limit);
        wrong.next().map(|(key, size, limit)| {
            let problem = format!("a Llama has 1 to {limit} here");
            (key, size.to_string(), problem)
        })
    }

    /// The first rule that is broken.
    fn contradiction(&self) -> Option<Problem> {
        let rules = [
            (
                self.n_heads.is_multiple_of(self.n_kv_heads),
                ("n_kv_heads", self.n_kv_heads.to_string()),
                format!(
                    "n_heads = {} must be a multiple of it, since query heads share KV heads evenly",
                    self.n_heads
                ),
            ),
            (
                self.head_dim.is_multiple_of(2),
                ("head_dim", self.head_dim.to_string()),
                "RoPE turns pairs: it must be even".into(),
            ),
            (
                self.norm_eps > 0.0 && self.norm_eps < 1.0,
                ("norm_eps", self.norm_eps.to_string()),
                "expected a small positive number such as 1e-5".into(),
            ),
            (
                self.rope_theta > 1.0 && self.rope_theta.is_finite(),
                ("rope_theta", self.rope_theta.to_string()),
                "expected a number above 1 such as 500000".into(),
            ),
            (
                self.rope_scaling.is_none_or(|scaling| scaling.is_sane()),
                ("rope_scaling", format!("{:?}", self.rope_scaling)),
                "expected factor ≥ 1, 0 < low_freq_factor < high_freq_factor, and a context length"
                    .into(),
            ),
        ];
        let mut broken = rules.into_iter().filter(|(holds, ..)| !holds);
        broken.next().map(|(_, (key, value), problem)| (key, value, problem))
    }
}

impl RopeScaling {
    fn is_sane(self) -> bool {
        self.factor >= 1.0
            && self.factor.is_finite()
            && self.original_max_seq_len > 0
            && self.low_freq_factor > 0.0
            && self.low_freq_factor < self.high_freq_factor
            && self.high_freq_factor.is_finite()
    }
}
