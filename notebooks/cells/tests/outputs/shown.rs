//! What cells show: in a notebook's file, and in the stream of a program that runs them.

use serde_json::Value;
use std::collections::BTreeMap;

/// A code cell and its outputs: `stdout`, and its last expression in each form (`text/plain`,
/// `image/svg+xml`, …).
pub struct Cell {
    pub id: String,
    /// Shows times, or other things that are never twice the same.
    pub varies: bool,
    pub outputs: BTreeMap<String, String>,
}

impl Cell {
    /// From what a cell printed, in the kernel's form.
    pub fn new(id: &str, printed: &str) -> Cell {
        let mut outputs = BTreeMap::new();
        let mut lines = printed.lines();
        while let Some(line) = lines.next() {
            if let Some(mime) = line.strip_prefix("EVCXR_BEGIN_CONTENT ") {
                let content = lines.by_ref().take_while(|line| *line != "EVCXR_END_CONTENT");
                outputs.insert(mime.into(), content.collect::<Vec<_>>().join("\n"));
            } else {
                *outputs.entry("stdout".into()).or_default() += &format!("{line}\n");
            }
        }
        Cell { id: id.into(), varies: false, outputs }
    }
}

/// The parts of a stream, each with its cell's id.
pub fn by_cell(stream: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = stream.split('\x1e').skip(1);
    parts.filter_map(|part| part.split_once('\n'))
}

/// The code cells of a notebook with the outputs that its file holds.
pub fn committed(notebook: &Value) -> Vec<Cell> {
    let cells = notebook["cells"].as_array().unwrap().iter();
    cells
        .filter(|cell| cell["cell_type"] == "code")
        .map(|cell| {
            let tags = cell["metadata"]["tags"].as_array();
            Cell {
                id: cell["id"].as_str().unwrap().into(),
                varies: tags.is_some_and(|tags| tags.contains(&"varies".into())),
                outputs: cell["outputs"].as_array().unwrap().iter().flat_map(output).collect(),
            }
        })
        .collect()
}

fn output(output: &Value) -> Vec<(String, String)> {
    match output["data"].as_object() {
        Some(data) => data.iter().map(|(mime, lines)| (mime.clone(), text(lines))).collect(),
        None => vec![(output["name"].as_str().unwrap().into(), text(&output["text"]))],
    }
}

fn text(lines: &Value) -> String {
    let lines = lines.as_array().unwrap().iter();
    lines.map(|line| line.as_str().unwrap()).collect()
}
