//! Files and directories.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// All files under a directory, relative to it.
pub fn under(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut left = vec![PathBuf::new()];
    while let Some(inner) = left.pop() {
        let here = directory.join(&inner);
        let context = || format!("cannot list {}; is --root the repository?", here.display());
        for entry in fs::read_dir(&here).with_context(context)? {
            let entry = entry.with_context(context)?;
            let path = inner.join(entry.file_name());
            match entry.path().is_dir() {
                true => left.push(path),
                false => files.push(path),
            }
        }
    }
    Ok(files)
}

pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

pub fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Copies a file, and makes the directories that it needs.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let context = || format!("copying {} to {}", from.display(), to.display());
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).with_context(context)?;
    }
    fs::copy(from, to).map(|_| ()).with_context(context)
}
