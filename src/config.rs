//! The sizes of a model, and everything that follows from them.
//!
//! Three kinds of files describe the same few numbers: Meta's `params.json`, Hugging Face's
//! `config.json`, and the metadata of a GGUF file. The field names here are Meta's.

mod checked;

use crate::error::{Error, Result};

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
    pub const fn llama31(factor: f64) -> Self {
        RopeScaling {
            factor,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_seq_len: 8192,
        }
    }
}

/// Llama 3 8B (`params.json` of meta-llama/Meta-Llama-3-8B).
pub const LLAMA3_8B: Config = Config {
    dim: 4096,
    n_layers: 32,
    n_heads: 32,
    n_kv_heads: 8,
    head_dim: 128,
    hidden_dim: 14336,
    vocab_size: 128256,
    norm_eps: 1e-5,
    rope_theta: 500000.0,
    rope_scaling: None,
    max_seq_len: 8192,
    tied_output: false,
};

/// SmolLM2-135M, the small default model (`config.json` of HuggingFaceTB/SmolLM2-135M-Instruct).
pub const SMOLLM2_135M: Config = Config {
    dim: 576,
    n_layers: 30,
    n_heads: 9,
    n_kv_heads: 3,
    head_dim: 64,
    hidden_dim: 1536,
    vocab_size: 49152,
    rope_theta: 100000.0,
    tied_output: true,
    ..LLAMA3_8B
};

/// The models whose sizes are known by name: those that were released, and a tiny one to try things
/// with. `rehearsal:NAME` makes each of them.
#[rustfmt::skip] // a table
pub const RELEASED: [(&str, Config); 8] = [
    //                                dim, n_layers, n_heads, head_dim, hidden_dim
    ("llama-3-8b", LLAMA3_8B),
    ("llama-3-70b", LLAMA3_8B.sized([8192, 80, 64, 128, 28672])),
    ("llama-3.1-8b", LLAMA3_8B.stretched(8.0)),
    ("llama-3.1-70b", LLAMA3_8B.sized([8192, 80, 64, 128, 28672]).stretched(8.0)),
    ("llama-3.2-1b", LLAMA3_8B.sized([2048, 16, 32, 64, 8192]).stretched(32.0).tied(true)),
    ("llama-3.2-3b", LLAMA3_8B.sized([3072, 28, 24, 128, 8192]).stretched(32.0).tied(true)),
    ("smollm2-135m", SMOLLM2_135M),
    ("tiny", SMOLLM2_135M.sized([96, 2, 12, 8, 272]).tied(false)),
];

impl Config {
    /// The sizes of a released model, by name (see [`RELEASED`]).
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
        let found = RELEASED.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, config)| config).ok_or_else(|| {
            Error::Argument(format!("no model is named {name}; known sizes: {}", Config::names()))
        })
    }

    /// The names of [`RELEASED`], with commas between them.
    pub(crate) fn names() -> String {
        RELEASED.map(|(name, _)| name).join(", ")
    }

    const fn sized(self, [dim, n_layers, n_heads, head_dim, hidden_dim]: [usize; 5]) -> Config {
        Config { dim, n_layers, n_heads, head_dim, hidden_dim, ..self }
    }

    /// For the long context of Llama 3.1 and later.
    const fn stretched(self, factor: f64) -> Config {
        Config { rope_scaling: Some(RopeScaling::llama31(factor)), max_seq_len: 131072, ..self }
    }

    const fn tied(self, tied_output: bool) -> Config {
        Config { tied_output, ..self }
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
        let (q_dim, kv_dim) = (self.n_heads * self.head_dim, self.n_kv_heads * self.head_dim);
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
        let numbers = |shape: &Vec<usize>| shape.iter().map(|&size| size as u64).product::<u64>();
        let sum: u64 = self.tensors().iter().map(|(_, shape)| numbers(shape)).sum();
        usize::try_from(sum).unwrap_or(usize::MAX) // 8 billion are too many for 32 bits
    }

    /// The size of the KV cache for one token of context, in numbers: keys and values, every layer.
    pub fn kv_cache_per_token(&self) -> usize {
        2 * self.n_layers * self.n_kv_heads * self.head_dim
    }
}

/// The shape of a tensor in words, for error messages: `[n_heads*head_dim, dim]`.
pub fn shape_in_words(name: &str) -> &'static str {
    let words = [
        (".wq", "[n_heads*head_dim, dim]"),
        (".wk", "[n_kv_heads*head_dim, dim]"),
        (".wv", "[n_kv_heads*head_dim, dim]"),
        (".wo", "[dim, n_heads*head_dim]"),
        (".w1", "[hidden_dim, dim]"),
        (".w3", "[hidden_dim, dim]"),
        (".w2", "[dim, hidden_dim]"),
        ("norm", "[dim]"),
    ];
    let stem = name.trim_end_matches(".weight");
    let found = words.into_iter().find(|(end, _)| stem.ends_with(end));
    found.map_or("[vocab_size, dim]", |(_, shape)| shape)
}
