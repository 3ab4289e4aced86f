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
            if entry.path().is_dir() {
                left.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// Writes a file, and makes the directories that it needs.
pub fn write(path: &Path, text: &str) -> Result<()> {
    make_room(path)?;
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Copies a file, and makes the directories that it needs.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    make_room(to)?;
    let context = || format!("copying {} to {}", from.display(), to.display());
    fs::copy(from, to).map(|_| ()).with_context(context)
}

fn make_room(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))
}
