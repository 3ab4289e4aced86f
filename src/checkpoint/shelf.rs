//! The directory `weights/`: which models are there, which one is meant, and fetching the default.

use crate::config;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The small default model's file, under the weights directory (SmolLM2-135M-Instruct, Apache-2.0).
pub const DEFAULT_MODEL: &str = "SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
/// Meta's Llama 3 tokenizer file, for Llama 3 models that come without one.
pub const LLAMA3_TOKENIZER: &str = "llama3-tokenizer/tokenizer.model";
/// Where Meta's files make the examples and notebooks run the real Llama 3 8B.
pub const LLAMA3_8B: &str = "Meta-Llama-3-8B";

/// The weights directory: `LLAMA3_WEIGHTS` if it is set, else `weights/` of this checkout.
pub fn dir() -> PathBuf {
    match std::env::var_os("LLAMA3_WEIGHTS") {
        Some(dir) => PathBuf::from(dir),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("weights"),
    }
}

/// A path as people are shown it: from the checkout on, without what lies above.
pub fn shown(path: &Path) -> String {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    path.strip_prefix(checkout)
        .unwrap_or(path)
        .display()
        .to_string()
}

/// The models that lie in the weights directory, by name.
pub fn models() -> Vec<String> {
    let entries = std::fs::read_dir(dir()).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_dir() || entry.path().extension() == Some("gguf".as_ref()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "llama3-tokenizer")
        .collect();
    names.sort();
    names
}

/// A model's path from what a person typed: a path that exists, or a name in the weights directory.
///
/// # Errors
/// Nothing of that name; the message lists what there is.
pub fn find(name: &str) -> Result<PathBuf> {
    let candidates = [PathBuf::from(name), dir().join(name)];
    if let Some(path) = candidates
        .into_iter()
        .find(|path| !name.is_empty() && path.exists())
    {
        return Ok(path);
    }
    let here = match models().join(", ") {
        none if none.is_empty() => "no models yet".to_string(),
        names => names,
    };
    Err(Error::file(
        name,
        "no such model, file or directory",
        format!(
            "in {} there are: {here}. Random weights need no files: rehearsal:NAME with one of {}. \
             How to get models: weights/README.md",
            dir().display(),
            config::NAMED_MODELS.join(", ")
        ),
    ))
}

/// The name or path of the model that runs when none is asked for: what `LLAMA3_MODEL` names, else
/// Llama 3 8B if it is there, else the small default model, fetched if it is missing.
///
/// # Errors
/// The default model is missing and cannot be fetched.
pub fn default_model() -> Result<String> {
    if let Ok(name) = std::env::var("LLAMA3_MODEL") {
        return Ok(name);
    }
    let llama3_8b = dir().join(LLAMA3_8B);
    let path = match holds_files(&llama3_8b) {
        true => llama3_8b,
        false => small_model()?,
    };
    Ok(path.to_string_lossy().into_owned())
}

/// The small default model's file, fetched if it is missing.
///
/// # Errors
/// It is missing and cannot be fetched.
pub fn small_model() -> Result<PathBuf> {
    fetched("model", DEFAULT_MODEL)
}

/// Meta's Llama 3 tokenizer file, fetched if it is missing.
///
/// # Errors
/// It is missing and cannot be fetched.
pub fn llama3_tokenizer() -> Result<PathBuf> {
    fetched("tokenizer", LLAMA3_TOKENIZER)
}

fn holds_files(dir: &Path) -> bool {
    std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some())
}

/// The path of a file that `weights/fetch.py` can bring, after bringing it if need be.
fn fetched(what: &str, file: &str) -> Result<PathBuf> {
    let path = dir().join(file);
    if path.exists() {
        return Ok(path);
    }
    let script = dir().join("fetch.py");
    let by_hand = "put the file there by hand as weights/README.md describes";
    let status = Command::new("python3")
        .arg(&script)
        .arg(what)
        .stdin(Stdio::null())
        .status();
    match status {
        Err(e) => {
            let hint = format!("install Python 3 with pip, or {by_hand}");
            let problem = format!("it is not there yet, and python3 could not be started ({e})");
            Err(Error::file(path, problem, hint))
        }
        Ok(_) if path.exists() => Ok(path),
        Ok(_) => {
            let problem = "it is not there yet, and could not be fetched (see the message above)";
            let hint = format!("try again with a network, or {by_hand}");
            Err(Error::file(path, problem, hint))
        }
    }
}
