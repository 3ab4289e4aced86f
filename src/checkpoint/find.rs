//! Finding out what lies at a path.

use super::description::{self, Description};
use super::stored::WeightFile;
use super::{Checkpoint, Format, gguf, hugging_face, meta, weights};
use crate::config::{LLAMA3_8B, SMOLLM2_135M};
use crate::error::{Error, Result};
use crate::tokenizer::{Llama3Specials, Tokenizer};
use std::path::{Path, PathBuf};

/// What a checkpoint's files do not say.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Options {
    /// The RoPE scaling factor of a Meta `params.json` with `use_scaled_rope`.
    pub rope_factor: Option<f64>,
}

const SEE_README: &str = "weights/README.md says which files each model needs";

pub fn open(path: &Path, options: &Options) -> Result<Checkpoint> {
    if path.is_dir() {
        return open_dir(path, options);
    }
    let parent = path.parent().unwrap_or(Path::new("."));
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    match path.extension().and_then(|e| e.to_str()) {
        _ if !path.exists() => Err(Error::file(path, "no such file or directory", SEE_README)),
        Some("gguf") => gguf::open(WeightFile::open(path)?),
        Some("pth") => meta::open(path, params(parent, options)?),
        Some("safetensors") if parent.join("params.json").exists() => {
            hugging_face::open_with_meta_names(path, params(parent, options)?)
        }
        Some("safetensors") | Some("json") => hugging_face::open(parent),
        _ => Err(Error::file(
            path,
            format!("{file_name} is not a .pth, .safetensors or .gguf file"),
            SEE_README,
        )),
    }
}

fn open_dir(dir: &Path, options: &Options) -> Result<Checkpoint> {
    let names = file_names(dir)?;
    let has = |name: &str| names.iter().any(|n| n == name);
    if has("consolidated.01.pth") {
        let problem = "the model is cut in several consolidated.*.pth (model parallel)";
        let hint = "use the same model's .safetensors or .gguf files instead";
        return Err(Error::file(dir, problem, hint));
    }
    for file in ["consolidated.00.pth", "consolidated.safetensors"] {
        if has(file) {
            return open(&dir.join(file), options);
        }
    }
    if has("model.safetensors") || has("model.safetensors.index.json") {
        return hugging_face::open(dir);
    }
    let ggufs: Vec<&String> = names.iter().filter(|n| n.ends_with(".gguf")).collect();
    match ggufs.as_slice() {
        [] if has("original") => open_dir(&dir.join("original"), options),
        [] => Err(nothing_there(dir, &names)),
        [one] => gguf::open(WeightFile::open(&dir.join(one))?),
        several => {
            let problem = format!("it holds {} .gguf files: {several:?}", several.len());
            Err(Error::file(dir, problem, "name the one you mean"))
        }
    }
}

fn file_names(dir: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(dir).map_err(|e| Error::io(dir, e))?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

fn nothing_there(dir: &Path, names: &[String]) -> Error {
    let unfinished = |name: &&String| {
        [".incomplete", ".part", ".crdownload", ".download", ".tmp"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    if let Some(name) = names.iter().find(unfinished) {
        let problem = format!("no weights yet; {name} looks like a download that is not complete");
        return Error::file(dir, problem, "wait for the download, or start it again");
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

fn params(dir: &Path, options: &Options) -> Result<Description> {
    let path = dir.join("params.json");
    if !path.exists() {
        let hint = "copy params.json from the model's repository beside the weights";
        return Err(Error::file(path, "the file is missing", hint));
    }
    description::from_meta(&path, options.rope_factor)
}

/// What a person calls the model at a path: the file or directory, but for the parts of a model the
/// directory that holds them.
pub fn display_name(path: &Path) -> String {
    let is_part = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name == "original" || name.starts_with("consolidated.")
    };
    let named = path.ancestors().find(|path| !is_part(path)).unwrap_or(path);
    let resolved = named.canonicalize().unwrap_or(named.to_owned());
    let name = if resolved.extension() == Some("gguf".as_ref()) {
        resolved.file_stem()
    } else {
        resolved.file_name()
    };
    let name = name.map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| path.display().to_string())
}

/// The tokenizer inside or beside the weights, or the one that all models of this vocabulary share.
pub fn tokenizer(checkpoint: &Checkpoint) -> Result<Tokenizer> {
    let n_tokens = checkpoint.config.vocab_size;
    let specials = match checkpoint.config.rope_scaling {
        None => Llama3Specials::Llama3,
        Some(_) => Llama3Specials::Llama31,
    };
    let is_rehearsal = checkpoint.format == Format::Rehearsal;
    let tokenizer = if let Some(file) = &checkpoint.gguf {
        of_gguf(file)?
    } else if let Some(path) = tokenizer_file(&checkpoint.path).filter(|_| !is_rehearsal) {
        if path.ends_with("tokenizer.json") {
            Tokenizer::from_hugging_face_file(&path)?
        } else {
            Tokenizer::from_tiktoken_file(&path, specials)?
        }
    } else if n_tokens == LLAMA3_8B.vocab_size {
        Tokenizer::from_tiktoken_file(weights::llama3_tokenizer()?, specials)?
    } else if n_tokens == SMOLLM2_135M.vocab_size && is_rehearsal {
        of_gguf(&WeightFile::open(&weights::small_model()?)?)?
    } else {
        let problem = "there is no tokenizer.model or tokenizer.json with the weights";
        let hint = "copy it from the model's repository, or give token ids directly";
        return Err(Error::file(&checkpoint.path, problem, hint));
    };
    if tokenizer.vocab_size() > n_tokens {
        return Err(Error::Tokenizer(format!(
            "it has {} tokens and the model only {n_tokens}: they do not belong together",
            tokenizer.vocab_size()
        )));
    }
    Ok(tokenizer)
}

fn of_gguf(file: &WeightFile) -> Result<Tokenizer> {
    Tokenizer::from_gguf_metadata(&gguf::metadata(file)?, &file.path)
}

fn tokenizer_file(path: &Path) -> Option<PathBuf> {
    let dir = if path.is_dir() { path } else { path.parent()? };
    let above = dir.ends_with("original").then(|| dir.parent()).flatten();
    let places = [
        Some(dir.join("original")),
        Some(dir.to_owned()),
        above.map(Path::to_owned),
    ];
    let mut files = (places.into_iter().flatten())
        .flat_map(|dir| [dir.join("tokenizer.model"), dir.join("tokenizer.json")]);
    files.find(|file| file.exists())
}
