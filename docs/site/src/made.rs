//! Files that are made from others: written where they differ, or only checked.

use crate::files;
use anyhow::{Result, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files relative to the repository's root, each with its content and the file that it comes from.
pub type Made = BTreeMap<PathBuf, (String, PathBuf)>;

/// Writes what differs.
pub fn write(root: &Path, made: &Made) -> Result<()> {
    for (path, (text, _)) in made {
        let whole = root.join(path);
        if std::fs::read_to_string(&whole).is_ok_and(|old| old == *text) {
            continue;
        }
        files::write(&whole, text)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Fails if `write` would change anything, or something else is wrong; names the command that helps.
pub fn check(root: &Path, made: &Made, mut problems: Vec<String>, command: &str) -> Result<()> {
    for (path, (text, source)) in made {
        let (page, source) = (path.display(), source.display());
        match std::fs::read_to_string(root.join(path)) {
            Ok(old) if old == *text => {}
            Ok(_) => problems.push(format!("{page} is not what {source} says now")),
            Err(_) => problems.push(format!("{page} is missing; it comes from {source}")),
        }
    }
    let problems = problems.join("\n");
    let again = format!("Make it again: cargo run --release -p llama3-book -- {command}");
    ensure!(problems.is_empty(), "{problems}\n{again}");
    Ok(())
}
