//! What files claim to hold, before it is checked: their bytes, and a place in them for each tensor.

use super::names::{self, Dialect};
use crate::config::{Config, shape_in_words};
use crate::error::{Error, Result};
use crate::matrix::{Bytes, Matrix, Pages, RowOrder, Source};
use candle_core::quantized::GgmlDType;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A file of weights, on the disk or in memory.
#[derive(Clone)]
pub struct WeightFile {
    /// Where it is, or what it is called.
    pub path: PathBuf,
    pub bytes: Bytes,
}

impl WeightFile {
    /// Maps a file: its bytes are read when they are used, and not before.
    pub fn open(path: &Path) -> Result<WeightFile> {
        let io = |e| Error::io(path, e);
        let file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.len() == 0 {
            let hint = "the download has not begun or was cut off: start it again";
            return Err(Error::file(path, "the file is empty", hint));
        }
        Ok(WeightFile {
            path: path.to_owned(),
            bytes: Bytes::map(&file).map_err(io)?,
        })
    }

    /// The error for a file that is not what its name says.
    pub fn damaged(&self, expected: &str, problem: &str) -> Error {
        let hint = match &*self.bytes {
            b if b.starts_with(b"version https://git-lfs") => {
                "this is a Git LFS pointer, not the file itself: fetch it with `git lfs pull`"
            }
            b if b.starts_with(b"<") => "this is a web page, not the file: download it again",
            _ => {
                "the download is not complete, or it is another kind of file: download it again \
                 (weights/README.md says which files each model needs)"
            }
        };
        Error::file(&self.path, format!("not {expected} ({problem})"), hint)
    }
}

/// One tensor as a file describes it.
pub struct StoredTensor {
    pub name: String,
    pub file: WeightFile,
    pub offset: usize,
    pub shape: Vec<usize>,
    /// Or what the file calls a kind of numbers that is not read here: the model may not need it.
    pub dtype: std::result::Result<GgmlDType, String>,
}

/// All tensors of a checkpoint as its files describe them.
pub struct Stored {
    pub path: PathBuf,
    pub dialect: Dialect,
    /// What stands before every name.
    prefix: String,
    tensors: BTreeMap<String, StoredTensor>,
}

impl Stored {
    /// Under the names of a GGUF file.
    pub fn of_gguf(path: &Path, tensors: Vec<StoredTensor>) -> Result<Stored> {
        Ok(Stored {
            path: path.to_owned(),
            dialect: Dialect::Gguf,
            prefix: String::new(),
            tensors: by_name(tensors)?,
        })
    }

    /// Under Meta's or Hugging Face's names, which the names themselves tell.
    pub fn of(path: &Path, tensors: Vec<StoredTensor>) -> Result<Stored> {
        let tensors = by_name(tensors)?;
        let Some((dialect, prefix)) = names::dialect_of(tensors.keys()) else {
            return Err(not_a_llama(path, &tensors));
        };
        Ok(Stored {
            path: path.to_owned(),
            dialect,
            prefix: prefix.to_string(),
            tensors,
        })
    }

    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The bytes of a tensor under the file's own name, if it is there.
    pub fn bytes_of(&self, name: &str) -> Result<Option<&[u8]>> {
        let Some(tensor) = self.tensors.get(name) else {
            return Ok(None);
        };
        let (_, end) = tensor.kind_and_end()?;
        Ok(Some(&tensor.file.bytes[tensor.offset..end]))
    }

    /// Every tensor the model needs as a checked matrix, under Meta's names.
    pub fn matrices(self, config: &Config) -> Result<HashMap<String, Matrix>> {
        self.refuse_biases()?;
        let pages = Pages::of_a_model(self.n_bytes());
        (config.tensors().into_iter())
            .map(|(name, shape)| Ok((name.clone(), self.matrix(&name, &shape, config, &pages)?)))
            .collect()
    }

    /// The size of all files together.
    fn n_bytes(&self) -> u64 {
        let files = self.tensors.values().map(|tensor| &tensor.file);
        let sizes: BTreeMap<&Path, u64> = files
            .map(|file| (file.path.as_path(), file.bytes.len() as u64))
            .collect();
        sizes.values().sum()
    }

    fn matrix(
        &self,
        name: &str,
        shape: &[usize],
        config: &Config,
        pages: &Pages,
    ) -> Result<Matrix> {
        let theirs = format!("{}{}", self.prefix, names::translate(name, self.dialect));
        let tensor = self
            .tensors
            .get(&theirs)
            .ok_or_else(|| self.missing(name, &theirs))?;
        if tensor.shape != shape {
            return Err(Error::Shape {
                name: format!("{}: {theirs}", tensor.file.path.display()),
                expected: format!("{} = {shape:?}", shape_in_words(name)),
                found: tensor.shape.clone(),
                hint: "are the description and the weights of the same model?".into(),
            });
        }
        let (dtype, _) = tensor.kind_and_end()?;
        let turned = name.ends_with("wq.weight") || name.ends_with("wk.weight");
        let order = match (self.dialect, turned) {
            (Dialect::HuggingFace, true) => RowOrder::HalfSplit {
                head_dim: config.head_dim,
            },
            _ => RowOrder::AsStored,
        };
        let source = Source::Stored {
            bytes: tensor.file.bytes.clone(),
            offset: tensor.offset,
            order,
            pages: pages.of_another(),
        };
        Matrix::new(name, super::as_matrix(shape), dtype, source)
    }

    fn missing(&self, name: &str, theirs: &str) -> Error {
        Error::MissingTensor {
            path: self.path.clone(),
            name: if name == theirs {
                theirs.into()
            } else {
                format!("{theirs} (Meta's {name})")
            },
            hint: format!(
                "it holds {} tensors; is the download complete, and are all files of one model?",
                self.tensors.len()
            ),
        }
    }

    /// A bias that is passed over would make every answer silently wrong.
    fn refuse_biases(&self) -> Result<()> {
        match self.tensors.keys().find(|name| name.ends_with(".bias")) {
            None => Ok(()),
            Some(name) => Err(Error::file(
                &self.path,
                format!("it holds {name}, and a Llama has no biases"),
                "use a model of the Llama architecture",
            )),
        }
    }
}

fn by_name(tensors: Vec<StoredTensor>) -> Result<BTreeMap<String, StoredTensor>> {
    let mut named: BTreeMap<String, StoredTensor> = BTreeMap::new();
    for tensor in tensors {
        if let Some(other) = named.get(&tensor.name) {
            let problem = format!("{} is also in {}", tensor.name, other.file.path.display());
            let hint = "is one of the two of another download? Take it away";
            return Err(Error::file(&tensor.file.path, problem, hint));
        }
        named.insert(tensor.name.clone(), tensor);
    }
    Ok(named)
}

fn not_a_llama(path: &Path, tensors: &BTreeMap<String, StoredTensor>) -> Error {
    let names: Vec<&str> = tensors.keys().map(String::as_str).collect();
    let problem = format!(
        "its {} tensors are not a Llama's: it has no tok_embeddings.weight or \
         model.embed_tokens.weight, only {}",
        names.len(),
        names[..names.len().min(3)].join(", ")
    );
    let hint = match names.iter().any(|name| name.contains("lora_")) {
        true => "this is an adapter (LoRA): use a model into which it is merged",
        false => "use a model of the Llama architecture, and all of its files",
    };
    Error::file(path, problem, hint)
}

impl StoredTensor {
    /// How it is stored, and where it ends in its file, which must hold all of it.
    fn kind_and_end(&self) -> Result<(GgmlDType, usize)> {
        let refuse = |problem: String, hint: &str| {
            Error::file(&self.file.path, format!("{}: {problem}", self.name), hint)
        };
        let broken = |problem| refuse(problem, "the download is not complete: start it again");
        let dtype = self.dtype.clone().map_err(|kind| {
            let hint = "use a checkpoint in BF16, F16 or F32, or a GGUF file in Q8_0 or Q4_K_M";
            refuse(format!("its numbers are stored as {kind}"), hint)
        })?;
        let count = (self.shape.iter()).try_fold(1usize, |n, &size| n.checked_mul(size));
        let row = self.shape.last().copied().unwrap_or(0);
        if row % dtype.block_size() != 0 {
            return Err(broken(format!(
                "rows of {row} numbers do not fit {dtype:?}"
            )));
        }
        let n_bytes = count
            .and_then(|n| (n / dtype.block_size()).checked_mul(dtype.type_size()))
            .ok_or_else(|| broken(format!("impossible shape {:?}", self.shape)))?;
        let have = self.file.bytes.len();
        match self.offset.checked_add(n_bytes) {
            Some(end) if end <= have => Ok((dtype, end)),
            _ => Err(broken(format!(
                "its {n_bytes} bytes begin at byte {}, but the file has only {have} bytes",
                self.offset
            ))),
        }
    }
}
