//! Models in other files: are they the same, or refused by name?

use super::oracles;
use llama3::prelude::*;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// All numbers of a model, by Meta's names.
pub fn numbers(checkpoint: &Checkpoint) -> HashMap<String, Vec<f32>> {
    let read = |name: String| {
        let tensor = checkpoint.tensor(&name).unwrap().flatten_all().unwrap();
        (name, tensor.to_vec1().unwrap())
    };
    checkpoint.names().into_iter().map(read).collect()
}

#[track_caller]
pub fn same(path: &Path, as_in: &Path) {
    let (one, other) = (Checkpoint::open(path), Checkpoint::open(as_in).unwrap());
    let one = one.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(one.config, other.config, "{}", path.display());
    assert!(numbers(&one) == numbers(&other), "{}: other numbers", path.display());
}

#[track_caller]
pub fn refused(path: &Path, words: &[&str]) {
    let error = match Checkpoint::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(e) => e.to_string(),
    };
    for word in words {
        assert!(error.contains(word), "expected {word:?} in: {error}");
    }
}

pub fn oracle(name: &str) -> PathBuf {
    oracles().join(name)
}

/// A directory with these files of an oracle's, under other names.
pub fn renamed(from: &str, files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (old, new) in files {
        fs::copy(oracle(from).join(old), dir.path().join(new)).unwrap();
    }
    dir
}
