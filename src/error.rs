//! What can go wrong, said so that the reader knows which file or tensor, what was expected, what
//! was found, and what to do next.
//!
//! One type for the whole crate, because it has one kind of reader: a person at a notebook or a
//! terminal, who reads the sentence. A program that must tell cases apart matches on the variants.

use std::path::{Path, PathBuf};

/// The result of everything fallible in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// One error type for the whole crate; the text of each is written for the person who reads it.
#[derive(thiserror::Error)]
pub enum Error {
    /// A file or directory is missing, truncated, of another format, or damaged.
    #[error("{}: {problem}\n  What to do: {hint}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What was expected and what was found.
        problem: String,
        /// What to do next.
        hint: String,
    },

    /// A key of the model's configuration is missing or contradicts another.
    #[error("{}: {key} = {value}: {problem}", path.display())]
    Config {
        /// The file that holds the key.
        path: PathBuf,
        /// The key.
        key: String,
        /// What it says.
        value: String,
        /// What is wrong with that.
        problem: String,
    },

    /// The checkpoint has no tensor of that name.
    #[error("{}: there is no tensor {name}; {hint}", path.display())]
    MissingTensor {
        /// The checkpoint.
        path: PathBuf,
        /// The name that was asked for.
        name: String,
        /// A name that might have been meant.
        hint: String,
    },

    /// A tensor's shape contradicts the configuration, or an argument's shape the operation.
    #[error("{name}: expected {expected}, found {found:?}; {hint}")]
    Shape {
        /// The tensor.
        name: String,
        /// The shape that it should have, in words and numbers.
        expected: String,
        /// The shape that it has.
        found: Vec<usize>,
        /// What may be the reason.
        hint: String,
    },

    /// A tokenizer file cannot be used, or a token cannot be encoded or decoded.
    #[error("tokenizer: {0}")]
    Tokenizer(String),

    /// A token id outside the vocabulary.
    #[error("token id {id} is outside the vocabulary: the model has the ids 0 to {}", vocab_size - 1)]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// How many tokens the model knows.
        vocab_size: usize,
    },

    /// A sequence longer than the model was made for.
    #[error("position {position} is outside the context: the model was made for {max_seq_len} tokens, positions 0 to {}", max_seq_len - 1)]
    PositionOutOfRange {
        /// The last position that was asked for, counted from 0.
        position: usize,
        /// How many positions there are.
        max_seq_len: usize,
    },

    /// An argument that makes no sense: an empty prompt, a negative temperature.
    #[error("{0}")]
    Argument(String),

    /// An observer asked the pass to stop; nothing is wrong.
    #[error("stopped")]
    Stopped,

    /// The operating system refused to read or write.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },

    /// A tensor operation failed; candle names the operation and both shapes.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// A notebook cell and `main` print errors with `{:?}`: show the sentence there too.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Error {
    pub(crate) fn file(
        path: impl AsRef<Path>,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Error::File { path: path.as_ref().to_owned(), problem: problem.into(), hint: hint.into() }
    }

    pub(crate) fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Error::Io { path: path.as_ref().to_owned(), source }
    }

    pub(crate) fn shape(
        name: impl Into<String>,
        expected: impl Into<String>,
        found: &[usize],
        hint: impl Into<String>,
    ) -> Self {
        Error::Shape {
            name: name.into(),
            expected: expected.into(),
            found: found.to_vec(),
            hint: hint.into(),
        }
    }
}
