//! The sizes of a model, and everything that follows from them.
//!
//! Three kinds of files describe the same few numbers: Meta's `params.json`, Hugging Face's
//! `config.json`, and the metadata of a GGUF file. The field names here are Meta's.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// The sizes of one Llama model.
///
/// Sizes are counts of numbers (not bytes); angles are in radians.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The size of a token's vector, all the way through: 4096 for Llama 3 8B.
    pub dim: usize,
    /// How many blocks stand in a row: 32.
    pub n_layers: usize,
    /// How many query heads look at once: 32.
    pub n_heads: usize,
    /// How many key and value heads they share: 8.
    pub n_kv_heads: usize,
    /// The size of one head's queries, keys and values: 128.
    pub head_dim: usize,
    /// The width of the feed-forward network: 14336.
    pub hidden_dim: usize,
    /// How many tokens the model knows: 128256.
    pub vocab_size: usize,
    /// What keeps RMSNorm from dividing by zero: 1e-5.
    pub norm_eps: f64,
    /// The base of the RoPE frequencies: 500000.
    pub rope_theta: f64,
    /// How Llama 3.1 and later stretch the slow frequencies; `None` for Llama 3.
    pub rope_scaling: Option<RopeScaling>,
    /// The longest sequence the model was made for, in tokens: 8192.
    pub max_seq_len: usize,
    /// Whether the output matrix is the embedding table itself.
    pub tied_output: bool,
    /// What the file did not say and was filled in, one sentence each.
    pub assumed: Vec<String>,
}

/// Llama 3.1's change of the RoPE frequencies (Llama 3 Herd of Models, section 3.4.3, and the
/// released code): slow pairs turn `factor` times slower, fast pairs stay, and the pairs in between
/// go smoothly from one to the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RopeScaling {
    /// How much slower the slowest pairs turn: 8 in Llama 3.1, 32 in Llama 3.2 1B and 3B.
    pub factor: f64,
    /// Pairs with fewer turns than this over `original_max_seq_len` are slow: 1.
    pub low_freq_factor: f64,
    /// Pairs with more turns than this over `original_max_seq_len` are fast: 4.
    pub high_freq_factor: f64,
    /// The context length before stretching, in tokens: 8192.
    pub original_max_seq_len: usize,
}

impl RopeScaling {
    /// The released models differ only in `factor`.
    pub fn llama31(factor: f64) -> Self {
        RopeScaling {
            factor,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_seq_len: 8192,
        }
    }
}

/// The models whose sizes are known by name: what `rehearsal:NAME` can make.
pub const NAMED_MODELS: [&str; 8] = [
    "llama-3-8b",
    "llama-3-70b",
    "llama-3.1-8b",
    "llama-3.1-70b",
    "llama-3.2-1b",
    "llama-3.2-3b",
    "smollm2-135m",
    "tiny",
];

impl Config {
    /// The sizes of a released model, by name (see [`NAMED_MODELS`]).
    ///
    /// ```
    /// let config = llama3::Config::named("llama-3-8b")?;
    /// assert_eq!(config.head_dim, 128);
    /// assert_eq!(config.group_size(), 4);
    /// assert_eq!(config.hidden_dim, 14336);
    /// # Ok::<(), llama3::Error>(())
    /// ```
    ///
    /// # Errors
    /// A name that is not in the list; the message gives the list.
    pub fn named(name: &str) -> Result<Config> {
        let (dim, n_layers, n_heads, n_kv_heads, head_dim, hidden_dim) = match name {
            "llama-3-8b" | "llama-3.1-8b" => (4096, 32, 32, 8, 128, 14336),
            "llama-3-70b" | "llama-3.1-70b" => (8192, 80, 64, 8, 128, 28672),
            "llama-3.2-1b" => (2048, 16, 32, 8, 64, 8192),
            "llama-3.2-3b" => (3072, 28, 24, 8, 128, 8192),
            "smollm2-135m" => (576, 30, 9, 3, 64, 1536),
            "tiny" => (96, 2, 12, 3, 8, 272),
            _ => {
                return Err(Error::Argument(format!(
                    "no model is named {name}; known sizes: {}",
                    NAMED_MODELS.join(", ")
                )));
            }
        };
        let is_llama = name.starts_with("llama");
        let rope_scaling = match name {
            "llama-3.1-8b" | "llama-3.1-70b" => Some(RopeScaling::llama31(8.0)),
            "llama-3.2-1b" | "llama-3.2-3b" => Some(RopeScaling::llama31(32.0)),
            _ => None,
        };
        Ok(Config {
            dim,
            n_layers,
            n_heads,
            n_kv_heads,
            head_dim,
            hidden_dim,
            vocab_size: if is_llama { 128256 } else { 49152 },
            norm_eps: 1e-5,
            rope_theta: if is_llama { 500000.0 } else { 100000.0 },
            rope_scaling,
            max_seq_len: if rope_scaling.is_some() { 131072 } else { 8192 },
            tied_output: matches!(name, "llama-3.2-1b" | "llama-3.2-3b" | "smollm2-135m"),
            assumed: vec![],
        })
    }

    /// How many query heads share one key and value head: 32 / 8 = 4.
    pub fn group_size(&self) -> usize {
        self.n_heads / self.n_kv_heads
    }

    /// The sizes that Llama 3's code derives for the feed-forward network: two thirds of `4 dim`,
    /// times `ffn_dim_multiplier`, rounded up to a multiple of `multiple_of`.
    ///
    /// ```
    /// assert_eq!(llama3::Config::ffn_width(4096, Some(1.3), 1024), Some(14336));
    /// ```
    ///
    /// `None` where the numbers make no sense: a multiple of 0, or a width no file could hold.
    pub fn ffn_width(dim: usize, multiplier: Option<f64>, multiple_of: usize) -> Option<usize> {
        let two_thirds = dim.checked_mul(8)? / 3;
        let width = (two_thirds as f64 * multiplier.unwrap_or(1.0)) as usize;
        width.checked_next_multiple_of(multiple_of)
    }

    /// Every tensor of such a model, under Meta's names and in the order of Meta's files, with its
    /// shape. A tied output matrix is none of them.
    ///
    /// # Shapes
    /// Matrices are `[out, in]`, norm weights `[dim]`.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (q_dim, kv_dim) = (
            self.n_heads * self.head_dim,
            self.n_kv_heads * self.head_dim,
        );
        let in_a_layer = [
            ("attention.wq", vec![q_dim, self.dim]),
            ("attention.wk", vec![kv_dim, self.dim]),
            ("attention.wv", vec![kv_dim, self.dim]),
            ("attention.wo", vec![self.dim, q_dim]),
            ("feed_forward.w1", vec![self.hidden_dim, self.dim]), // gate
            ("feed_forward.w3", vec![self.hidden_dim, self.dim]), // up
            ("feed_forward.w2", vec![self.dim, self.hidden_dim]), // down
            ("attention_norm", vec![self.dim]),
            ("ffn_norm", vec![self.dim]),
        ];
        let table = vec![self.vocab_size, self.dim];
        let mut tensors = vec![("tok_embeddings.weight".to_string(), table.clone())];
        for layer in 0..self.n_layers {
            for (name, shape) in &in_a_layer {
                tensors.push((format!("layers.{layer}.{name}.weight"), shape.clone()));
            }
        }
        tensors.push(("norm.weight".to_string(), vec![self.dim]));
        if !self.tied_output {
            tensors.push(("output.weight".to_string(), table));
        }
        tensors
    }

    /// How many numbers the model's matrices hold; a tied output matrix is counted once.
    pub fn n_params(&self) -> usize {
        self.tensors()
            .iter()
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    }

    /// The size of the KV cache for one token of context, in numbers: keys and values, every layer.
    pub fn kv_cache_per_token(&self) -> usize {
        2 * self.n_layers * self.n_kv_heads * self.head_dim
    }

    /// Refuses sizes that contradict each other or that no Llama could have.
    pub(crate) fn validate(self, path: &Path) -> Result<Config> {
        let fail = |key: &str, value: String, problem: &str| {
            Err(Error::Config {
                path: path.to_owned(),
                key: key.into(),
                value,
                problem: problem.into(),
            })
        };
        let sizes = [
            ("dim", self.dim, 1 << 18),
            ("n_layers", self.n_layers, 1 << 12),
            ("n_heads", self.n_heads, 1 << 12),
            ("n_kv_heads", self.n_kv_heads, 1 << 12),
            ("head_dim", self.head_dim, 1 << 14),
            ("hidden_dim", self.hidden_dim, 1 << 20),
            ("vocab_size", self.vocab_size, 1 << 22),
            ("max_seq_len", self.max_seq_len, 1 << 32),
        ];
        for (key, size, limit) in sizes {
            if size == 0 || size > limit {
                return fail(
                    key,
                    size.to_string(),
                    &format!("a Llama has 1 to {limit} here"),
                );
            }
        }
        if !self.n_heads.is_multiple_of(self.n_kv_heads) {
            let problem = format!(
                "n_heads = {} must be a multiple of it, since query heads share KV heads evenly",
                self.n_heads
            );
            return fail("n_kv_heads", self.n_kv_heads.to_string(), &problem);
        }
        if !self.head_dim.is_multiple_of(2) {
            return fail(
                "head_dim",
                self.head_dim.to_string(),
                "RoPE turns pairs: it must be even",
            );
        }
        if !(self.norm_eps > 0.0 && self.norm_eps < 1.0) {
            return fail(
                "norm_eps",
                self.norm_eps.to_string(),
                "expected a small positive number such as 1e-5",
            );
        }
        if !(self.rope_theta > 1.0 && self.rope_theta.is_finite()) {
            return fail(
                "rope_theta",
                self.rope_theta.to_string(),
                "expected a number above 1 such as 500000",
            );
        }
        if let Some(scaling) = self.rope_scaling {
            scaling.validate(path)?;
        }
        Ok(self)
    }
}

impl RopeScaling {
    fn validate(self, path: &Path) -> Result<()> {
        let ordered = self.low_freq_factor > 0.0
            && self.low_freq_factor < self.high_freq_factor
            && self.high_freq_factor.is_finite();
        let sane = self.factor >= 1.0 && self.factor.is_finite() && self.original_max_seq_len > 0;
        if ordered && sane {
            return Ok(());
        }
        Err(Error::Config {
            path: PathBuf::from(path),
            key: "rope_scaling".into(),
            value: format!("{self:?}"),
            problem:
                "expected factor ≥ 1, 0 < low_freq_factor < high_freq_factor, and a context length"
                    .into(),
        })
    }
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
