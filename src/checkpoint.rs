//! A model on disk or in memory, always seen under Meta's tensor names, whatever its files are.
//!
//! Opening a checkpoint reads its description and the places of its tensors, and no weights.

mod beside;
mod description;
mod display_name;
mod find;
mod gguf;
pub mod inventory;
mod keys;
pub mod names;
mod pieces;
mod rehearsal;
mod safetensors;
mod stored;
pub mod stores;
mod torch;
mod unread;
pub mod weights;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::matrix::Matrix;
use crate::tokenizer::Tokenizer;
use candle_core::Tensor;
use description::Description;
use names::Dialect;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use stored::{Stored, WeightFile};

pub use description::GgufMetadata;
pub use find::Options;
pub use rehearsal::UNFINISHED;

/// What the files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// PyTorch's: `consolidated.00.pth`, `pytorch_model.bin`.
    Torch,
    /// One or more `.safetensors` files.
    SafeTensors,
    /// One `.gguf` file, or its pieces.
    Gguf,
    /// Seeded random numbers; no files at all.
    Rehearsal,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Format::Torch => "pth",
            Format::SafeTensors => "safetensors",
            Format::Gguf => "gguf",
            Format::Rehearsal => "rehearsal",
        })
    }
}

/// A model on disk or in memory. Cheap to clone: the weights stay where they are.
#[derive(Clone)]
pub struct Checkpoint {
    /// The sizes, read from the description.
    pub config: Config,
    /// What the description did not say and was filled in, one sentence each.
    pub assumed: Vec<String>,
    /// What a person calls it: the directory's name, or `rehearsal:llama-3-8b`.
    pub name: String,
    /// The file or directory it was opened from; the name, where there is none.
    pub path: PathBuf,
    /// What the files are.
    pub format: Format,
    /// Whose names the files use.
    dialect: Dialect,
    matrices: HashMap<String, Matrix>,
    /// The file that holds the tokenizer as well.
    gguf: Option<WeightFile>,
}

impl Checkpoint {
    fn from_stored(format: Format, told: Description, stored: Stored) -> Result<Checkpoint> {
        Ok(Checkpoint {
            name: display_name::of(&stored.path),
            path: stored.path.clone(),
            format,
            dialect: stored.dialect,
            matrices: stored.matrices(&told.config)?,
            config: told.config,
            assumed: told.assumed,
            gguf: None,
        })
    }

    /// Opens the model at a path, finding out by itself what the files are.
    ///
    /// # Errors
    /// Nothing there, an unknown or damaged format, an incomplete download, a shape that
    /// contradicts the description: the message names the file and the tensor, and what to do.
    pub fn open(path: impl AsRef<Path>) -> Result<Checkpoint> {
        Checkpoint::open_with(path, &Options::default())
    }

    /// [`Checkpoint::open`], with what the files do not say.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn open_with(path: impl AsRef<Path>, options: &Options) -> Result<Checkpoint> {
        find::open(path.as_ref(), options)
    }

    /// Opens a model that is in memory already, where there are no files: the bytes of a GGUF file,
    /// which holds everything. `name` serves to tell it from others.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Checkpoint> {
        let file = WeightFile { path: name.into(), bytes: bytes.into() };
        gguf::of_pieces(Path::new(name), vec![file])
    }

    /// Opens a model by its name or path: a directory or file, a name under `weights/`, the name of
    /// another program's model as [`stores::find`] takes it (`ollama:llama3`), or
    /// `rehearsal:llama-3-8b` and the like. A rehearsal may be cut: `rehearsal:llama-3-8b:2` has
    /// two layers.
    ///
    /// # Errors
    /// As [`Checkpoint::open`]; an unknown name gets the list of what there is.
    pub fn open_named(name: &str, options: &Options) -> Result<Checkpoint> {
        if let Some(model) = name.strip_prefix("rehearsal:") {
            return Checkpoint::rehearsal(model);
        }
        let mut checkpoint = Checkpoint::open_with(weights::find(name)?, options)?;
        if name.starts_with("ollama:") {
            checkpoint.name = name.into(); // Ollama calls its files by their checksums
        }
        Ok(checkpoint)
    }

    /// The model of this checkout: what `LLAMA3_MODEL` names, else Llama 3 8B if its files are
    /// there, else the small default model, which is fetched if it is not there yet.
    ///
    /// # Errors
    /// As [`Checkpoint::open`], and when the default model cannot be fetched.
    pub fn open_default() -> Result<Checkpoint> {
        Checkpoint::open_named(&weights::default_model()?, &Options::default())
    }

    /// Seeded random weights in the exact shapes of a released model; nothing is on disk.
    ///
    /// # Errors
    /// An unknown name; the message gives the list.
    pub fn rehearsal(name: &str) -> Result<Checkpoint> {
        let (model, layers) = name.split_once(':').unwrap_or((name, ""));
        let mut config = Config::named(model)?;
        if !layers.is_empty() {
            config.n_layers = layers.parse().map_err(|_| {
                Error::Argument(format!("rehearsal:{name}: {layers:?} is not a number of layers"))
            })?;
        }
        rehearsal::open(&format!("rehearsal:{name}"), config, 42)
    }

    /// A rehearsal of any sizes.
    ///
    /// # Errors
    /// Sizes that contradict each other.
    pub fn rehearsal_of(config: Config, seed: u64) -> Result<Checkpoint> {
        rehearsal::open("rehearsal", config, seed)
    }

    /// Writes the model as bf16 files that [`Checkpoint::open`] reads: for measuring a real file
    /// before the real one is there. `progress` is told each tensor's bytes before they are written.
    ///
    /// # Errors
    /// A directory that cannot be written, or a full disk.
    pub fn write(&self, dir: impl AsRef<Path>, progress: &(dyn Fn(u64) + Sync)) -> Result<()> {
        rehearsal::write(self, dir.as_ref(), progress)
    }

    /// Meta's names of all tensors, in the order of Meta's files.
    pub fn names(&self) -> Vec<String> {
        let expected = self.config.tensors().into_iter();
        expected.map(|(name, _)| name).collect()
    }

    /// The matrix where it lies, for [`linear`](crate::linear()) to multiply by; reads nothing.
    /// A tied `output.weight` is the embedding table.
    ///
    /// # Errors
    /// A name that is not in the checkpoint; the message suggests one.
    pub fn matrix(&self, name: &str) -> Result<Matrix> {
        let stored = match name {
            "output.weight" if self.config.tied_output => "tok_embeddings.weight",
            _ => name,
        };
        self.matrices.get(stored).cloned().ok_or_else(|| Error::MissingTensor {
            path: self.path.clone(),
            name: name.into(),
            hint: "names are Meta's, such as layers.0.attention.wq.weight".into(),
        })
    }

    /// One tensor, read and widened to f32.
    ///
    /// # Shapes
    /// `[out, in]`, as stored, so that y = x Wᵀ; norm weights are `[dim]`.
    ///
    /// # Errors
    /// As [`Checkpoint::matrix`].
    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        let matrix = self.matrix(name)?;
        let tensor = matrix.to_tensor()?;
        if name.ends_with("norm.weight") { Ok(tensor.flatten_all()?) } else { Ok(tensor) }
    }

    /// The rows of the given ids, read and widened to f32; the other rows stay on disk.
    ///
    /// # Shapes
    /// `[ids.len(), in]`
    ///
    /// # Errors
    /// As [`Checkpoint::matrix`], and for an id outside the table.
    pub fn rows(&self, name: &str, ids: &[u32]) -> Result<Tensor> {
        self.matrix(name)?.rows(ids)
    }

    /// The size of all weights as they are stored, in bytes.
    pub fn n_bytes(&self) -> usize {
        let sizes = self.matrices.values().map(Matrix::n_bytes);
        sizes.fold(0, usize::saturating_add)
    }

    /// The tokenizer that belongs to the model: from its own files, or Meta's file in
    /// `weights/llama3-tokenizer/` for a Llama 3 without one.
    ///
    /// # Errors
    /// No tokenizer file, or a damaged one.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        beside::tokenizer(self)
    }

    /// Whether the model was trained to answer rather than to continue a text, and what says so: a
    /// chat template, or where there is none, a name.
    pub fn answers(&self, tokenizer: &Tokenizer) -> (bool, String) {
        beside::answers(self, tokenizer)
    }
}

/// A norm weight `[dim]` counts as a matrix of one row.
fn as_matrix(shape: &[usize]) -> (usize, usize) {
    match shape {
        [rows, columns] => (*rows, *columns),
        other => (1, other.iter().product()),
    }
}
