//! Finding out what lies at a path.

use super::description::{self, Description};
use super::names::Dialect;
use super::pieces::{self, Files};
use super::stored::{Stored, StoredTensor, WeightFile};
use super::{Checkpoint, Format, gguf, safetensors, stores, torch};
use crate::error::{Error, Result};
use std::io::Read;
use std::path::{Path, PathBuf};

/// What a checkpoint's files do not say.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Options {
    /// The RoPE scaling factor of a Meta `params.json` with `use_scaled_rope`.
    pub rope_factor: Option<f64>,
}

const SEE_README: &str = "weights/README.md says which files each model needs";

/// What a file is, told by its first bytes: a name says nothing sure.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Gguf,
    SafeTensors,
    Torch,
    /// PyTorch's format before the zip file.
    TorchLegacy,
}

impl Kind {
    fn of(bytes: &[u8]) -> Option<Kind> {
        let header_size = bytes.first_chunk().map(|size| u64::from_le_bytes(*size));
        match bytes {
            _ if bytes.starts_with(b"GGUF") => Some(Kind::Gguf),
            _ if bytes.starts_with(b"PK\x03\x04") => Some(Kind::Torch),
            _ if bytes.starts_with(torch::LEGACY) => Some(Kind::TorchLegacy),
            _ if bytes.get(8) == Some(&b'{') && header_size < Some(1 << 32) => {
                Some(Kind::SafeTensors)
            }
            _ => None,
        }
    }

    fn of_file(path: &Path) -> Option<Kind> {
        let mut start = vec![];
        let metadata = std::fs::metadata(path).ok()?;
        if !metadata.is_file() || metadata.len() == 0 {
            return None; // a pipe, and much in /proc, would keep us waiting
        }
        let file = std::fs::File::open(path).ok()?;
        file.take(16).read_to_end(&mut start).ok()?;
        Kind::of(&start)
    }
}

/// What kind of files are at a path, whether or not they can be opened.
pub fn format_of(path: &Path) -> Option<Format> {
    let files = stores::files(path, 1);
    Some(match files.iter().find_map(|file| Kind::of_file(file))? {
        Kind::Gguf => Format::Gguf,
        Kind::SafeTensors => Format::SafeTensors,
        Kind::Torch | Kind::TorchLegacy => Format::Torch,
    })
}

/// Opens the model at a path: a file that is named is the one that is read, with the other files of the
/// same model where it is one of several.
pub fn open(path: &Path, options: &Options) -> Result<Checkpoint> {
    if path.is_dir() {
        return open_dir(path, options);
    }
    if let (false, Ok(target)) = (path.exists(), path.read_link()) {
        let problem = format!("a link to {}, which is not there", target.display());
        return Err(Error::file(path, problem, "was it moved or deleted? Fetch the model again"));
    }
    if !path.exists() {
        return Err(Error::file(path, "no such file or directory", SEE_README));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(".index.json") {
        return open_tensors(path, &Files::in_index(path)?, options);
    }
    if name == "config.json" || name == "params.json" {
        return open_dir(path.parent().unwrap_or(Path::new("")), options);
    }
    let file = WeightFile::open(path)?;
    match Kind::of(&file.bytes) {
        Some(Kind::Gguf) => gguf::open(file),
        Some(_) => open_tensors(path, &Files::with(path)?, options),
        None => Err(not_weights(&file)),
    }
}

/// Names, in the order in which they are looked for: Meta's, then Hugging Face's as transformers does.
const USUAL: [&str; 6] = [
    "consolidated.00.pth",
    "consolidated.safetensors",
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

fn open_dir(dir: &Path, options: &Options) -> Result<Checkpoint> {
    if let Some(snapshot) = stores::snapshot(dir) {
        return open_dir(&snapshot, options);
    }
    let names = file_names(dir)?;
    let has = |name: &str| names.iter().any(|n| n == name);
    if let Some(usual) = USUAL.into_iter().find(|usual| has(usual)) {
        if has("adapter_config.json") {
            let problem =
                format!("beside {usual}, it holds an adapter (LoRA) that changes weights");
            let hint = format!("use a model into which it is merged, or name {usual} without it");
            return Err(Error::file(dir, problem, hint));
        }
        return open(&dir.join(usual), options);
    }
    let is_later_piece = |name: &str| pieces::number(name).is_some_and(|(number, _)| number > 1);
    let is_model = |name: &&String| {
        let is_weights = Kind::of_file(&dir.join(name)).is_some();
        is_weights && !is_later_piece(name) && !is_unfinished(name)
    };
    let models: Vec<&String> = names.iter().filter(is_model).collect();
    match models.as_slice() {
        [] if has("original") => open_dir(&dir.join("original"), options),
        [] => Err(nothing_there(dir, &names)),
        [one] => open(&dir.join(one), options),
        several => {
            let problem = format!("it holds {} models: {several:?}", several.len());
            Err(Error::file(dir, problem, "name the one you mean"))
        }
    }
}

/// A model whose description is a file of its own.
fn open_tensors(path: &Path, files: &Files, options: &Options) -> Result<Checkpoint> {
    let (mut tensors, mut format) = (vec![], Format::SafeTensors);
    for path in &files.paths {
        let file = WeightFile::open(path)?;
        let found = match Kind::of(&file.bytes) {
            Some(Kind::SafeTensors) => safetensors::tensors(&file)?,
            Some(Kind::Torch) => {
                format = Format::Torch;
                torch::tensors(&file)?
            }
            Some(Kind::TorchLegacy) => return Err(torch::legacy(&file)),
            Some(Kind::Gguf) | None => return Err(not_weights(&file)),
        };
        let is_here = |tensor: &StoredTensor| files.is_place_of(&tensor.name, path);
        tensors.extend(found.into_iter().filter(is_here));
    }
    let stored = Stored::of(path, tensors)?;
    let description = description_beside(path, stored.dialect, options)?;
    Checkpoint::from_stored(format, description, stored)
}

/// Meta's description, or Hugging Face's, as the tensors' names are.
fn description_beside(path: &Path, dialect: Dialect, options: &Options) -> Result<Description> {
    let (name, whose) = match dialect {
        Dialect::Meta => ("params.json", "Meta"),
        _ => ("config.json", "Hugging Face"),
    };
    let file = path.with_file_name(name);
    if !file.exists() {
        let problem = format!("the file is missing, which describes weights under {whose}'s names");
        let hint = "copy it from the model's repository beside the weights";
        return Err(Error::file(file, problem, hint));
    }
    match dialect {
        Dialect::Meta => description::from_meta(&file, options.rope_factor),
        _ => description::from_hugging_face(&file),
    }
}

fn not_weights(file: &WeightFile) -> Error {
    let problem = "its first bytes are those of another file";
    file.damaged("a GGUF, safetensors or PyTorch file", problem)
}

fn file_names(dir: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(dir).map_err(|e| Error::io(dir, e))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Programs that fetch files give them such names until they are complete.
fn is_unfinished(name: &str) -> bool {
    let ends = [".incomplete", ".part", ".crdownload", ".download", ".tmp"];
    ends.iter().any(|end| name.ends_with(end))
}

fn nothing_there(dir: &Path, names: &[String]) -> Error {
    if let Some(name) = names.iter().find(|name| is_unfinished(name)) {
        let problem = format!("no weights yet; {name} looks like a download that is not complete");
        return Error::file(dir, problem, "wait for the download, or start it again");
    }
    let endings = ["gguf", "safetensors", "pth", "pt", "bin"].map(|end| Some(end.as_ref()));
    let is_model =
        |file: &PathBuf| endings.contains(&file.extension()) && Kind::of_file(file).is_some();
    let below = stores::files(dir, 2).into_iter().find(is_model);
    if let Some(folder) = below.as_deref().and_then(Path::parent) {
        let hint = format!("name the folder that is meant, such as {}", folder.display());
        return Error::file(dir, "no weights here, only in folders inside it", hint);
    }
    let found = if names.is_empty() {
        "the directory is empty".to_string()
    } else {
        let first = &names[..names.len().min(8)];
        format!("no weights here, only {}", first.join(", "))
    };
    let hint = format!(
        "expected consolidated.00.pth with params.json, model.safetensors (or its shards and \
         index) with config.json, or one .gguf file; {SEE_README}"
    );
    Error::file(dir, found, hint)
}
