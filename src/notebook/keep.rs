//! The reader's own model: the functions of a chapter's marked cells, kept for the next chapter.

use crate::error::{Error, Result};
use crate::plot::language::Language;
use crate::plot::table::{Table, table};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The first line of a cell whose functions are kept.
const MARK: &str = "// my_llama";
/// How a line begins that begins something to keep; a function is in sight of the next chapter.
const ITEMS: [&str; 6] = ["fn ", "struct ", "const ", "impl ", "#[", "pub "];
/// Where the kept functions go, seen from the notebooks.
const KEPT: &str = "my_llama/src";
/// The last chapter.
const CHAPTERS: usize = 10;

/// Writes `my_llama/src/chapter_N.rs`: the functions of the cells of chapter `n` whose first line is
/// `// my_llama`, as the notebook's file has them. Shows what your model has by now.
///
/// # Errors
/// A chapter that is not there, a notebook that cannot be read, a file that cannot be written.
pub fn keep(n: usize) -> Result<Table> {
    let notebook = notebook_of(n)?;
    let text = std::fs::read_to_string(&notebook).map_err(|e| Error::io(&notebook, e))?;
    let path = Path::new(KEPT).join(format!("chapter_{n}.rs"));
    let module = kept(n, &cells(&text));
    if std::fs::read_to_string(&path).is_ok_and(|old| old == module) {
        return grown(n);
    }
    let part = path.with_extension("rs.part");
    std::fs::write(&part, module).map_err(|e| Error::io(&part, e))?;
    std::fs::rename(&part, &path).map_err(|e| Error::io(&path, e))?;
    grown(n)
}

/// The notebook of a chapter in the session's language, in this directory.
fn notebook_of(n: usize) -> Result<PathBuf> {
    let language = Language::current().pick("en", "zh");
    let entries = std::fs::read_dir(".").map_err(|e| Error::io(".", e))?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_chapter = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&format!("{n:02}_")) && name.ends_with(&format!(".{language}.ipynb"))
    };
    paths.find(is_chapter).ok_or_else(|| {
        Error::Argument(format!("keep({n}): this directory has no notebook of a chapter {n}"))
    })
}

/// The sources of the cells of a notebook's file.
fn cells(notebook: &str) -> Vec<String> {
    let json: Value = serde_json::from_str(notebook).unwrap_or_default();
    let cells = json["cells"].as_array().into_iter().flatten();
    let source = |cell: &Value| match &cell["source"] {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        text => text.as_str().unwrap_or_default().to_string(),
    };
    cells.map(source).collect()
}

/// The module that [`keep`] writes for chapter `n`, whose cells these are: all of the chapter before,
/// and the functions of the marked cells.
pub fn kept(n: usize, cells: &[String]) -> String {
    let before = if n == 1 { "start".to_string() } else { format!("chapter_{}", n - 1) };
    let mut module = format!(
        "//! Chapter {n} of the notebooks wrote this: `keep({n})`.\n\npub use super::{before}::*;\n"
    );
    let marked = cells.iter().filter(|cell| cell.lines().next() == Some(MARK));
    for item in marked.flat_map(|cell| items(cell)) {
        module += &format!("\n{item}");
    }
    module
}

/// The functions and types of a cell, each from its first line to the brace or semicolon that ends it
/// at the line's beginning.
fn items(cell: &str) -> Vec<String> {
    let (mut items, mut item) = (vec![], String::new());
    for line in cell.lines() {
        let begins = item.is_empty() && ITEMS.iter().any(|word| line.starts_with(word));
        if !begins && item.is_empty() {
            continue;
        }
        let is_private = ["fn ", "struct ", "const "].iter().any(|word| line.starts_with(word));
        item += if begins && is_private { "pub " } else { "" };
        item += line;
        item.push('\n');
        let code = line.split("//").next().unwrap_or_default().trim_end();
        let in_one_line = begins && !line.starts_with('#') && code.ends_with(['}', ';']);
        if line.starts_with('}') || in_one_line {
            items.push(std::mem::take(&mut item));
        }
    }
    items
}

/// What the files of chapters 1 to `n` hold: their functions and their lines.
fn grown(n: usize) -> Result<Table> {
    let language = Language::current();
    let heads = language.pick(["chapter", "yours", "lines"], ["章", "你写的", "行"]);
    let (mut rows, mut total) = (table(&heads), 0);
    for chapter in 1..=n.min(CHAPTERS) {
        let path = Path::new(KEPT).join(format!("chapter_{chapter}.rs"));
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io(&path, e))?;
        let (names, n_lines) = names_and_lines(&text);
        total += n_lines;
        if n_lines > 0 {
            rows = rows.row(&[&chapter, &names.join(", "), &n_lines]);
        }
    }
    Ok(rows.row(&[&"", &"my_llama", &total]))
}

/// The names of a module's functions and types, and how many lines a reader wrote.
fn names_and_lines(module: &str) -> (Vec<&str>, usize) {
    let ours = |line: &&str| !line.is_empty() && !line.starts_with("//!");
    let lines = module.lines().filter(ours).skip(1); // the first takes over the chapter before
    let names = lines.clone().filter_map(|line| {
        let rest = line.strip_prefix("pub fn ").or(line.strip_prefix("pub struct "))?;
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
    });
    (names.collect(), lines.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_marked_cells_are_kept() {
        let cells = [
            "// my_llama\nfn a(x: u8) -> u8 { // [T]\n    x\n}\na(1)",
            "fn other() {}",
            "// my_llama\nlet n = 1;\nstruct S { pub x: u8 }\nimpl S {\n    pub fn y(&self) {}\n}\nconst N: u8 = 1;",
        ];
        let json = |source: &&str| serde_json::json!({"source": [source]});
        let notebook = serde_json::json!({"cells": cells.iter().map(json).collect::<Vec<_>>()});
        let module = kept(2, &super::cells(&notebook.to_string()));
        let expected = "//! Chapter 2 of the notebooks wrote this: `keep(2)`.\n\npub use super::chapter_1::*;\n\
            \npub fn a(x: u8) -> u8 { // [T]\n    x\n}\n\npub struct S { pub x: u8 }\n\
            \nimpl S {\n    pub fn y(&self) {}\n}\n\npub const N: u8 = 1;\n";
        assert_eq!(module, expected);
        assert_eq!(names_and_lines(&module), (vec!["a", "S"], 8));
    }
}
