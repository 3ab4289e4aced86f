//! Every code cell of every notebook, run natively, shows what the notebook holds.
//!
//! The numbers must be the same too, pictures with their coordinates included, except that a decimal
//! number may differ by one in its last digit and a colour by a shade: another processor adds in
//! another order. A cell tagged "varies" shows times or other things that are never twice the same: it
//! must show outputs of the same kinds.

#[path = "../../../tests/common/code.rs"]
mod code;
#[path = "outputs/compare.rs"]
mod compare;
#[path = "../src/pieces.rs"]
mod pieces;
#[path = "outputs/shown.rs"]
mod shown;

use llama3::prelude::weights;
use shown::Cell;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

// A test for each notebook: what the build script found.
include!(concat!(env!("OUT_DIR"), "/tests.rs"));

fn notebooks() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The default model's outputs are those in the file.
fn shows_what_it_holds(chapter: &str, language: &str) {
    let name = format!("{chapter}.{language}.ipynb");
    let file = std::fs::read(notebooks().join(&name)).unwrap();
    let committed = shown::committed(&serde_json::from_slice(&file).unwrap());
    weights::llama3_tokenizer().unwrap(); // fetched here, or the progress would be a cell's
    let now = run(chapter, language, weights::small_model().unwrap());
    let ids = |cells: &[Cell]| cells.iter().map(|cell| cell.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&committed), ids(&now), "{name}: other cells");
    let problems: Vec<String> = std::iter::zip(&committed, &now)
        .filter_map(|(cell, now)| {
            let difference = compare::difference(cell, now)?;
            Some(format!("{name}: cell {}: {difference}", cell.id))
        })
        .collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// What the cells of a chapter show on a model, in one language.
fn run(chapter: &str, language: &str, model: impl AsRef<OsStr>) -> Vec<Cell> {
    let output = Command::new(env!("CARGO_BIN_EXE_cells"))
        .arg(chapter)
        .current_dir(notebooks())
        .env("LLAMA3_MODEL", model)
        .env("LLAMA3_LANG", language)
        .env("RAYON_NUM_THREADS", "1") // the tests run side by side already
        .env("RUST_LIB_BACKTRACE", "0") // as the kernel's launcher: errors without a path of calls
        .output()
        .unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|s| String::from_utf8(s).unwrap());
    // Elsewhere on another machine.
    let stdout = stdout.replace(&*weights::dir().to_string_lossy(), "weights");
    let failed = shown::by_cell(&stderr).find(|(_, said)| !said.is_empty());
    if let Some((id, said)) = failed {
        panic!("{chapter}.{language}.ipynb: cell {id} fails: {said}");
    }
    assert!(output.status.success(), "{chapter}: {}", output.status);
    let cells = shown::by_cell(&stdout);
    cells.map(|(id, said)| Cell::new(id, said)).collect()
}

#[test]
fn llama_3_8b_02_model() {
    runs_on_llama_3_8b("02_model", "");
}

#[test]
fn llama_3_8b_03_embedding() {
    runs_on_llama_3_8b("03_embedding", "[17, 4096]");
}

#[test]
fn llama_3_8b_04_queries() {
    runs_on_llama_3_8b("04_queries", "[32, 128, 4096]");
}

#[test]
fn llama_3_8b_05_rope() {
    runs_on_llama_3_8b("05_rope", "");
}

#[test]
fn llama_3_8b_06_scores() {
    runs_on_llama_3_8b("06_scores", "");
}

#[test]
fn llama_3_8b_07_block() {
    runs_on_llama_3_8b("07_block", "");
}

#[test]
fn llama_3_8b_08_predict() {
    runs_on_llama_3_8b("08_predict", "[17, 4096]");
}

/// On random weights of its exact shapes, two layers of them, every cell runs and shows something, and
/// `shape` is among it: the prose says so.
fn runs_on_llama_3_8b(chapter: &str, shape: &str) {
    let cells = run(chapter, "en", "rehearsal:llama-3-8b:2");
    for cell in &cells {
        assert!(!cell.outputs.is_empty(), "{chapter}: cell {} shows nothing", cell.id);
    }
    let mut shown = cells.iter().flat_map(|cell| cell.outputs.values());
    assert!(shown.any(|text| text.contains(shape)), "{chapter}: no {shape}");
}
