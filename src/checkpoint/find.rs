//! Finding out what lies at a path.

use super::{Checkpoint, Format, description, gguf, gguf_metadata, hugging_face, meta, shelf};
use crate::config::Config;
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
        Some("gguf") => gguf::open(path),
        Some("pth") => meta::open(path, meta_config(parent, options)?),
        Some("safetensors") if parent.join("params.json").exists() => {
            hugging_face::open_with_meta_names(path, meta_config(parent, options)?)
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
        [one] => gguf::open(&dir.join(one)),
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
    let found = match names.len() {
        0 => "the directory is empty".to_string(),
        _ => format!(
            "no weights here, only {}",
            names[..names.len().min(8)].join(", ")
        ),
    };
    let hint = format!(
        "expected consolidated.00.pth with params.json, model.safetensors (or its shards and \
         index) with config.json, or one .gguf file; {SEE_README}"
    );
    Error::file(dir, found, hint)
}

fn meta_config(dir: &Path, options: &Options) -> Result<Config> {
    let path = dir.join("params.json");
    if !path.exists() {
        let hint = "copy params.json from the model's repository beside the weights";
        return Err(Error::file(path, "the file is missing", hint));
    }
    description::from_meta(&path, options.rope_factor)
}

/// What a person calls the model at a path.
pub fn display_name(path: &Path) -> String {
    let dir_of_parts = path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name == "original" || name.starts_with("consolidated.")
    });
    let named = match dir_of_parts {
        true => path
            .parent()
            .map_or(path, |parent| match parent.ends_with("original") {
                true => parent.parent().unwrap_or(parent),
                false => parent,
            }),
        false => path,
    };
    let resolved = named.canonicalize().unwrap_or(named.to_owned());
    let name = match resolved.extension() {
        Some(extension) if extension == "gguf" => resolved.file_stem(),
        _ => resolved.file_name(),
    };
    name.map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// The tokenizer beside the weights, or Meta's own file for a Llama 3 without one.
pub fn tokenizer(checkpoint: &Checkpoint) -> Result<Tokenizer> {
    let config = &checkpoint.config;
    let specials = match config.rope_scaling {
        None => Llama3Specials::Llama3,
        Some(_) => Llama3Specials::Llama31,
    };
    let tokenizer = match (checkpoint.format, tokenizer_file(&checkpoint.path)) {
        (Format::Gguf, _) => {
            Tokenizer::from_gguf_metadata(&gguf_metadata(&checkpoint.path)?, &checkpoint.path)?
        }
        (Format::Rehearsal, _) if config.vocab_size == 49152 => {
            let path = shelf::dir().join(shelf::DEFAULT_MODEL);
            Tokenizer::from_gguf_metadata(&gguf_metadata(&path)?, &path)?
        }
        (_, Some(path)) if path.ends_with("tokenizer.json") => {
            Tokenizer::from_hugging_face_file(&path)?
        }
        (_, Some(path)) => Tokenizer::from_tiktoken_file(&path, specials)?,
        (_, None) if config.vocab_size == 128256 => {
            Tokenizer::from_tiktoken_file(shelf::llama3_tokenizer()?, specials)?
        }
        (_, None) => {
            let problem = "there is no tokenizer.model or tokenizer.json with the weights";
            let hint = "copy it from the model's repository, or give token ids directly";
            return Err(Error::file(&checkpoint.path, problem, hint));
        }
    };
    if tokenizer.vocab_size() > config.vocab_size {
        return Err(Error::Tokenizer(format!(
            "it has {} tokens and the model only {}: they do not belong together",
            tokenizer.vocab_size(),
            config.vocab_size
        )));
    }
    Ok(tokenizer)
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
