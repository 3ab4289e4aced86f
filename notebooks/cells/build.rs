//! Writes the code cells of each chapter as one Rust function, and a test for each notebook.
//!
//! What the kernel does with cells, in a program: variables, functions and `use` live on in the cells
//! below, and each may be declared again; the last expression of a cell is shown.
//!
//! ```text
//! mod cell_3 { pub use super::cell_0::*; pub fn visible(…) … }   // what is declared up to cell 3
//! pub fn run() -> Outcome {
//!     {
//!         use self::cell_0::*; begin("setup"); let lesson = Lesson::open()?; …
//!         {                                                      // each cell in the one above
//!             use self::cell_3::*; begin("file"); …
//!             (&(lines)).evcxr_display();
//!             …
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! The English notebooks are read: the code of the Chinese ones is the same but for comments.

#[path = "../../tests/common/code.rs"]
mod code;
#[path = "src/pieces.rs"]
mod pieces;

use serde_json::Value;
use std::fmt::{Error, Write};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let (mut modules, mut table, mut tests) = (String::new(), String::new(), String::new());
    for path in notebooks()? {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = file_name.trim_end_matches(".en.ipynb");
        // A file of its own, so that the compiler's messages say which chapter they are about.
        let file = out.join(format!("{name}.rs"));
        std::fs::write(&file, chapter(&serde_json::from_slice(&std::fs::read(&path)?)?)?)?;
        writeln!(modules, "#[path = {file:?}]\nmod chapter_{name};")?;
        writeln!(table, "    ({name:?}, chapter_{name}::run),")?;
        for language in ["en", "zh"] {
            let call = format!("shows_what_it_holds({name:?}, {language:?})");
            writeln!(tests, "#[test]\nfn chapter_{name}_{language}() {{\n    {call}\n}}")?;
        }
    }
    let table = format!("pub const CHAPTERS: &[(&str, fn() -> crate::Outcome)] = &[\n{table}];\n");
    std::fs::write(out.join("chapters.rs"), modules + &table)?;
    std::fs::write(out.join("tests.rs"), tests)?;
    Ok(())
}

/// The English notebooks; tells cargo that all this depends on them.
fn notebooks() -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir("..")?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| path.to_string_lossy().ends_with(".en.ipynb"));
    paths.sort();
    for path in &paths {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    Ok(paths)
}

/// The modules with what the cells declare, and the function that runs them.
fn chapter(notebook: &Value) -> Result<String, Error> {
    let (mut modules, mut run, mut ends) = (String::new(), String::new(), String::new());
    let mut above = None; // the last cell that declared something
    let cells = notebook["cells"].as_array().into_iter().flatten();
    for (number, cell) in cells.filter(|cell| cell["cell_type"] == "code").enumerate() {
        let pieces = pieces::of(&source(cell));
        writeln!(run, "{{")?;
        if !pieces.items.is_empty() {
            let known = above.map(|above| format!("pub use super::cell_{above}::*;\n"));
            let items = known.unwrap_or_default() + &pieces.items.join("\n");
            writeln!(modules, "mod cell_{number} {{\n{items}\n}}")?;
            writeln!(run, "use self::cell_{number}::*;")?;
            above = Some(number);
        }
        writeln!(run, "crate::begin({});\n{}", cell["id"], pieces.statements.join("\n"))?;
        if let Some(shown) = pieces.shown {
            writeln!(run, "(&({shown})).evcxr_display();")?;
        }
        ends += "}";
    }
    let run = format!("pub fn run() -> crate::Outcome {{\n{run}{ends}\nOk(())\n}}");
    Ok(format!("use crate::Display as _;\n{modules}{run}\n"))
}

fn source(cell: &Value) -> String {
    let lines = cell["source"].as_array().into_iter().flatten();
    lines.filter_map(Value::as_str).collect()
}
