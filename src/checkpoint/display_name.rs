//! What a person calls a model.

use super::pieces;
use std::path::Path;

/// The name of the file or directory, but for a part of a model that of the directory which holds it,
/// and in the hub's cache that of the repository.
pub fn of(path: &Path) -> String {
    let whole = match path.file_name() {
        Some(_) => std::path::absolute(path), // a link is called by its own name
        None => path.canonicalize(),          // . and .. have none
    };
    let whole = whole.unwrap_or(path.to_owned());
    let mut above = whole.ancestors();
    let named = above.find(|path| !is_part(path)).unwrap_or(&whole);
    let name = file_name(named);
    if let Some((_, name)) = name.strip_prefix("models--").and_then(|name| name.rsplit_once("--")) {
        return name.into();
    }
    let stem = if is_gguf(&name) { &name[..name.len() - ".gguf".len()] } else { &name };
    let before_number = |_| stem.rsplit_once("-of-")?.0.rsplit_once('-');
    let piece = pieces::number(&name).and_then(before_number);
    piece.map_or(stem, |(before, _)| before).into()
}

/// Does the name say which part of a model this is, and not which model?
fn is_part(path: &Path) -> bool {
    let usual = ["consolidated.", "model", "pytorch_model", "meta_model", "config.", "params."];
    let name = file_name(path);
    let is_snapshot = path.parent().is_some_and(|parent| parent.ends_with("snapshots"));
    let is_usual = usual.iter().any(|start| name.starts_with(start));
    name == "original"
        || name == "snapshots"
        || is_snapshot
        || (is_usual && !is_gguf(&name) && path.is_file())
}

fn is_gguf(name: &str) -> bool {
    name.to_lowercase().ends_with(".gguf")
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
