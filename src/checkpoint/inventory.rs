//! Every model on this machine, and whether it runs here.

use super::stores::{self, Environment, Found};
use super::{Checkpoint, find, weights};
use crate::config::LLAMA3_8B;
use crate::error::Error;
use crate::matrix::memory;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One model that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What `--model` takes to mean it.
    pub name: String,
    /// The format, and how most of its numbers are stored: `gguf Q4K`.
    pub kind: String,
    /// Its size in bytes.
    pub n_bytes: u64,
    /// Does it run here? `yes`, `no: …`, or under which condition.
    pub runs: String,
}

/// The models in the weights directory, then those of other programs. Each is opened to see whether it
/// runs, which reads no weights.
pub fn rows(env: &Environment) -> Vec<Row> {
    let own = weights::models().into_iter().map(|name| Found {
        path: Ok(weights::dir().join(&name)),
        name,
        program: "weights",
    });
    own.chain(stores::models(env)).map(row).collect()
}

fn row(found: Found) -> Row {
    let path = found.path.as_deref().map_or(PathBuf::new(), Path::to_owned);
    match found.path.and_then(Checkpoint::open) {
        Ok(checkpoint) => Row {
            name: found.name,
            kind: format!("{} {}", checkpoint.format, main_kind(&checkpoint)),
            n_bytes: checkpoint.n_bytes() as u64,
            runs: condition(&checkpoint),
        },
        Err(error) => Row {
            name: found.name,
            kind: find::format_of(&path).map_or(String::new(), |format| format.to_string()),
            n_bytes: size_on_disk(&path),
            runs: format!("no: {}", reason(&error)),
        },
    }
}

/// Under which condition an opened model runs.
fn condition(checkpoint: &Checkpoint) -> String {
    let has_room = memory::available_bytes().is_none_or(|room| checkpoint.n_bytes() as u64 <= room);
    match checkpoint.tokenizer() {
        Err(error) => format!("only with --tokens: {}", reason(&error)),
        Ok(_) if has_room => "yes".into(),
        Ok(_) => "yes, but slowly: it is larger than the free memory, and read anew for each token"
            .into(),
    }
}

/// How most of its numbers are stored.
fn main_kind(checkpoint: &Checkpoint) -> String {
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for matrix in checkpoint.matrices.values() {
        *sizes.entry(format!("{:?}", matrix.dtype)).or_default() += matrix.n_bytes();
    }
    let largest = sizes.into_iter().max_by_key(|(_, size)| *size);
    largest.map_or(String::new(), |(kind, _)| kind)
}

fn size_on_disk(path: &Path) -> u64 {
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
    stores::files(path, 1).iter().map(size).sum()
}

/// An error in one line, without the path, which the model's name stands for.
fn reason(error: &Error) -> String {
    match error {
        Error::File { problem, .. } => problem.clone(),
        Error::Config { key, value, problem, .. } => format!("{key} = {value}: {problem}"),
        other => other.to_string().replace('\n', " "),
    }
}

/// The name of another program's Llama 3, if the small default model would run in its place. Whoever
/// starts it without asking for a model may want to know.
pub fn better_than_default() -> Option<String> {
    if weights::default_is_small() { llama3(&Environment::here()) } else { None }
}

/// The name of a Llama 3 that another program keeps: Llama 3 8B, or else another.
pub fn llama3(env: &Environment) -> Option<String> {
    let models = stores::models(env).into_iter();
    let named = models.filter(|found| found.name.to_lowercase().contains("llama"));
    let opened = named.filter_map(|found| {
        let config = Checkpoint::open(found.path.ok()?).ok()?.config;
        (config.vocab_size == LLAMA3_8B.vocab_size).then_some((found.name, config != LLAMA3_8B))
    });
    let best = opened.min_by_key(|(_, is_another)| *is_another);
    best.map(|(name, _)| name)
}
