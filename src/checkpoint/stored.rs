//! What files claim to hold, before it is checked: their bytes, and a place in them for each tensor.

use super::names::{self, Dialect};
use super::unread;
use crate::config::{Config, shape_in_words};
use crate::error::{Error, Result};
use crate::matrix::{Bytes, Kind, Matrix, Pages, RowOrder, Source};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
        let metadata = std::fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            let hint = "weights are read in place, so they must be in a file";
            return Err(Error::file(path, "a pipe or a device, and no file", hint));
        }
        let file = File::open(path).map_err(io)?;
        if metadata.len() == 0 {
            let hint = "the download has not begun or was cut off: start it again";
            return Err(Error::file(path, "the file is empty", hint));
        }
        Ok(WeightFile { path: path.to_owned(), bytes: Bytes::map(&file).map_err(io)? })
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
    pub dtype: std::result::Result<Kind, String>,
}

/// All tensors of a checkpoint as its files describe them.
pub struct Stored {
    pub path: PathBuf,
    pub dialect: Dialect,
    /// What stands before every name.
    prefix: String,
    tensors: BTreeMap<String, Pieces>,
}

/// Nearly always one tensor; of a model that was cut for several devices one from each file.
type Pieces = Vec<StoredTensor>;

impl Stored {
    /// Under the names of a GGUF file.
    pub fn of_gguf(path: &Path, tensors: Vec<StoredTensor>) -> Result<Stored> {
        Ok(Stored {
            path: path.to_owned(),
            dialect: Dialect::Gguf,
            prefix: String::new(),
            tensors: by_name(tensors, Dialect::Gguf)?,
        })
    }

    /// Under Meta's or Hugging Face's names, which the names themselves tell.
    pub fn of(path: &Path, tensors: Vec<StoredTensor>) -> Result<Stored> {
        let names: BTreeSet<&String> = tensors.iter().map(|tensor| &tensor.name).collect();
        let Some((dialect, prefix)) = names::dialect_of(names.iter().copied()) else {
            return Err(not_a_llama(path, &names));
        };
        let prefix = prefix.to_string();
        Ok(Stored { path: path.to_owned(), dialect, prefix, tensors: by_name(tensors, dialect)? })
    }

    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The bytes of a tensor under the file's own name, if it is there.
    pub fn bytes_of(&self, name: &str) -> Result<Option<&[u8]>> {
        let Some([tensor]) = self.tensors.get(name).map(Vec::as_slice) else {
            return Ok(None);
        };
        tensor.bytes().map(Some)
    }

    /// Every tensor the model needs as a checked matrix, under Meta's names.
    pub fn matrices(self, config: &Config) -> Result<HashMap<String, Matrix>> {
        self.refuse_unread(config)?;
        self.check_tied(config)?;
        let pages = Pages::of_a_model(self.n_bytes());
        (config.tensors().into_iter())
            .map(|(name, shape)| Ok((name.clone(), self.matrix(&name, &shape, config, &pages)?)))
            .collect()
    }

    /// The size of all files together.
    fn n_bytes(&self) -> u64 {
        let files = self.tensors.values().flatten().map(|tensor| &tensor.file);
        let sizes: BTreeMap<&Path, u64> =
            files.map(|file| (file.path.as_path(), file.bytes.len() as u64)).collect();
        sizes.values().sum()
    }

    fn matrix(
        &self,
        name: &str,
        shape: &[usize],
        config: &Config,
        pages: &Pages,
    ) -> Result<Matrix> {
        let theirs = self.their_name(name);
        let pieces = (self.tensors.get(&theirs)).ok_or_else(|| self.missing(name, &theirs))?;
        let turned = name.ends_with("wq.weight") || name.ends_with("wk.weight");
        let order = match (self.dialect, turned) {
            (Dialect::HuggingFace, true) => RowOrder::HalfSplit { head_dim: config.head_dim },
            _ => RowOrder::AsStored,
        };
        match pieces.as_slice() {
            [first, others @ ..] if others.is_empty() || shape.len() == 1 => {
                first.check_shape(name, shape)?;
                first.check_copies(others)?;
                first.matrix(name, order, pages)
            }
            several => {
                let pieces = several.iter().map(|piece| piece.matrix(name, order, pages));
                let pieces = pieces.collect::<Result<Vec<_>>>()?;
                let joined = Matrix::joined(name, super::as_matrix(shape), pieces);
                joined.ok_or_else(|| several[0].of_another_shape(name, shape, several.len()))
            }
        }
    }

    fn missing(&self, name: &str, theirs: &str) -> Error {
        Error::MissingTensor {
            path: self.path.clone(),
            name: if name == theirs { theirs.into() } else { format!("{theirs} (Meta's {name})") },
            hint: format!(
                "it holds {} tensors; is the download complete, and are all files of one model?",
                self.tensors.len()
            ),
        }
    }

    fn refuse_unread(&self, config: &Config) -> Result<()> {
        let tensors = config.tensors().into_iter();
        let read: BTreeSet<String> = tensors.map(|(name, _)| self.their_name(&name)).collect();
        for (name, pieces) in self.tensors.iter().filter(|(name, _)| !read.contains(*name)) {
            if let Some(problem) = unread::problem_of_tensor(name, self.dialect, config)
                && let Some(piece) = pieces.first()
            {
                let hint = "use a model of the plain Llama architecture";
                return Err(Error::file(
                    &piece.file.path,
                    format!("it holds {name}: {problem}"),
                    hint,
                ));
            }
        }
        Ok(())
    }

    /// The output may be said to be the embedding table and be there as well: programs do not agree on
    /// which counts if they differ. In trained ones their first numbers do.
    fn check_tied(&self, config: &Config) -> Result<()> {
        let [output, embedding] = ["output.weight", "tok_embeddings.weight"];
        let tables =
            [output, embedding].map(|name| self.tensors.get(&self.their_name(name))?.first());
        let (true, [Some(output), Some(embedding)]) = (config.tied_output, tables) else {
            return Ok(());
        };
        let begin = |table: &StoredTensor| {
            let bytes = table.bytes().ok()?;
            Some(bytes[..bytes.len().min(1 << 16)].to_vec())
        };
        if begin(output) == begin(embedding) {
            return Ok(());
        }
        let problem = format!(
            "it holds {}, another table than {}, and its description says they are one",
            output.name, embedding.name
        );
        let hint = "if the output is a table of its own, set tie_word_embeddings (in params.json \
                    tied_output) to false";
        Err(Error::file(&output.file.path, problem, hint))
    }

    fn their_name(&self, name: &str) -> String {
        format!("{}{}", self.prefix, names::translate(name, self.dialect))
    }
}

/// Meta cuts a model for several devices, and then each file holds a piece of every tensor. Elsewhere
/// two tensors of one name are a mistake.
fn by_name(tensors: Vec<StoredTensor>, dialect: Dialect) -> Result<BTreeMap<String, Pieces>> {
    let mut named: BTreeMap<String, Pieces> = BTreeMap::new();
    for tensor in tensors {
        let pieces = named.entry(tensor.name.clone()).or_default();
        if let Some(other) = pieces.last()
            && (dialect != Dialect::Meta || other.file.path == tensor.file.path)
        {
            let problem = format!("{} is also in {}", tensor.name, other.file.path.display());
            let hint = "is one of the two of another download? Take it away";
            return Err(Error::file(&tensor.file.path, problem, hint));
        }
        pieces.push(tensor);
    }
    Ok(named)
}

fn not_a_llama(path: &Path, names: &BTreeSet<&String>) -> Error {
    let first: Vec<&str> = names.iter().take(3).map(|name| name.as_str()).collect();
    let problem = format!(
        "its {} tensors are not a Llama's: it has no tok_embeddings.weight or \
         model.embed_tokens.weight, only {}",
        names.len(),
        first.join(", ")
    );
    let hint = if names.iter().any(|name| name.contains("lora_")) {
        "this is an adapter (LoRA): use a model into which it is merged"
    } else {
        "use a model of the Llama architecture, and all of its files"
    };
    Error::file(path, problem, hint)
}

impl StoredTensor {
    fn check_shape(&self, name: &str, shape: &[usize]) -> Result<()> {
        self.kind()?;
        if self.shape == shape {
            return Ok(());
        }
        Err(self.of_another_shape(name, shape, 1))
    }

    fn of_another_shape(&self, name: &str, shape: &[usize], n_pieces: usize) -> Error {
        let mut expected = format!("{} = {shape:?}", shape_in_words(name));
        if n_pieces > 1 {
            expected += &format!(" in {n_pieces} equal pieces");
        }
        Error::Shape {
            name: format!("{}: {}", self.file.path.display(), self.name),
            expected,
            found: self.shape.clone(),
            hint: "are description and weights of one model, and are all of its files here?".into(),
        }
    }

    /// The norms are small: every device had all of them.
    fn check_copies(&self, copies: &[StoredTensor]) -> Result<()> {
        for copy in copies {
            if self.bytes()? != copy.bytes()? {
                let problem =
                    format!("{} is another than in {}", self.name, self.file.path.display());
                return Err(Error::file(&copy.file.path, problem, "are all files of one model?"));
            }
        }
        Ok(())
    }

    fn bytes(&self) -> Result<&[u8]> {
        Ok(&self.file.bytes[self.offset..self.end()?])
    }

    fn matrix(&self, name: &str, order: RowOrder, pages: &Pages) -> Result<Matrix> {
        let (dtype, _) = self.kind_and_end()?;
        let source = Source::Stored {
            bytes: self.file.bytes.clone(),
            offset: self.offset,
            order,
            pages: pages.of_another(),
        };
        Matrix::new(name, super::as_matrix(&self.shape), dtype, source)
    }

    fn kind(&self) -> Result<Kind> {
        self.dtype.clone().map_err(|kind| {
            let problem = format!("{}: its numbers are stored as {kind}", self.name);
            let hint = "use a checkpoint in BF16, F16 or F32, or a GGUF file in Q8_0 or Q4_K_M";
            Error::file(&self.file.path, problem, hint)
        })
    }

    /// Where it ends in its file.
    pub fn end(&self) -> Result<usize> {
        self.kind_and_end().map(|(_, end)| end)
    }

    /// How it is stored, and where it ends in its file, which must hold all of it.
    fn kind_and_end(&self) -> Result<(Kind, usize)> {
        let broken = |problem: String| {
            let problem = format!("{}: {problem}", self.name);
            Error::file(&self.file.path, problem, "the download is not complete: start it again")
        };
        let dtype = self.kind()?;
        let count = (self.shape.iter()).try_fold(1usize, |n, &size| n.checked_mul(size));
        let row = self.shape.last().copied().unwrap_or(0);
        if row % dtype.block_size() != 0 {
            return Err(broken(format!("rows of {row} numbers do not fit {dtype:?}")));
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
