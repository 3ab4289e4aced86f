//! What files claim to hold, before it is checked: their bytes, and a place in them for each tensor.

use super::names::{self, Dialect};
use crate::config::{Config, shape_in_words};
use crate::error::{Error, Result};
use crate::matrix::{Bytes, Kind, Matrix, Pages, RowOrder, Source};
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
            _ => "the download is not complete, or it is another kind of file: download it again",
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
    pub dtype: Kind,
}

/// All tensors of a checkpoint as its files describe them.
pub struct Stored {
    pub path: PathBuf,
    dialect: Dialect,
    tensors: BTreeMap<String, StoredTensor>,
}

impl Stored {
    pub fn new(path: &Path, dialect: Dialect) -> Stored {
        Stored {
            path: path.to_owned(),
            dialect,
            tensors: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, tensor: StoredTensor) {
        self.tensors.insert(tensor.name.clone(), tensor);
    }

    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The bytes of a tensor under the file's own name, if it is there.
    pub fn bytes_of(&self, name: &str) -> Result<Option<&[u8]>> {
        let Some(tensor) = self.tensors.get(name) else {
            return Ok(None);
        };
        let end = tensor.end()?;
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
        let theirs = names::translate(name, self.dialect);
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
        tensor.end()?;
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
        Matrix::new(name, super::as_matrix(shape), tensor.dtype, source)
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

impl StoredTensor {
    /// Where the tensor ends in its file, which must hold all of it.
    fn end(&self) -> Result<usize> {
        let broken = |problem: String| {
            let hint = "the download is not complete: start it again";
            Error::file(&self.file.path, format!("{}: {problem}", self.name), hint)
        };
        let count = (self.shape.iter()).try_fold(1usize, |n, &size| n.checked_mul(size));
        let row = self.shape.last().copied().unwrap_or(0);
        if row % self.dtype.block_size() != 0 {
            return Err(broken(format!(
                "rows of {row} numbers do not fit {:?}",
                self.dtype
            )));
        }
        let n_bytes = count
            .and_then(|n| (n / self.dtype.block_size()).checked_mul(self.dtype.type_size()))
            .ok_or_else(|| broken(format!("impossible shape {:?}", self.shape)))?;
        let have = self.file.bytes.len();
        match self.offset.checked_add(n_bytes) {
            Some(end) if end <= have => Ok(end),
            _ => Err(broken(format!(
                "its {n_bytes} bytes begin at byte {}, but the file has only {have} bytes",
                self.offset
            ))),
        }
    }
}
