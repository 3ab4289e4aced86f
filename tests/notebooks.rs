//! The notebooks as files: both languages tell the same story, every cell is short and shows
//! something. What the cells show is held to these files by notebooks/cells, and on the kernel by
//! `notebooks/refresh --check`.

#[path = "common/code.rs"]
mod code;

use code::without_comments;
use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

const CHAPTERS: [&str; 11] = [
    "01_tokens",
    "01b_tokenizer",
    "02_model",
    "03_embedding",
    "04_queries",
    "05_rope",
    "06_scores",
    "07_block",
    "08_predict",
    "09_what_if",
    "10_kv_cache",
];
const LONGEST_CELL: usize = 8;

fn directory() -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("notebooks")
}

struct Notebook {
    name: String,
    json: Value,
}

impl Notebook {
    fn read(chapter: &str, language: &str) -> Notebook {
        let name = format!("{chapter}.{language}.ipynb");
        let text = std::fs::read_to_string(directory().join(&name)).unwrap();
        let json = serde_json::from_str(&text).unwrap();
        Notebook { name, json }
    }

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.json["cells"].as_array().unwrap().iter().map(Cell)
    }

    fn code(&self) -> impl Iterator<Item = Cell<'_>> {
        self.cells().filter(|cell| cell.kind() == "code")
    }

    fn markdown(&self) -> String {
        let prose = self.cells().filter(|cell| cell.kind() == "markdown");
        prose.map(|cell| cell.source() + "\n\n").collect()
    }
}

#[derive(Clone, Copy)]
struct Cell<'a>(&'a Value);

impl<'a> Cell<'a> {
    fn id(&self) -> &'a str {
        self.0["id"].as_str().expect("a cell has no id")
    }

    fn kind(&self) -> &'a str {
        self.0["cell_type"].as_str().unwrap()
    }

    fn source(&self) -> String {
        text(&self.0["source"])
    }

    fn metadata(&self) -> &'a serde_json::Map<String, Value> {
        self.0["metadata"].as_object().unwrap()
    }

    fn outputs(&self) -> &'a [Value] {
        self.0["outputs"].as_array().unwrap()
    }
}

/// The text of a field that is a list of lines.
fn text(lines: &Value) -> String {
    let lines = lines.as_array().into_iter().flatten();
    lines.filter_map(Value::as_str).collect()
}

/// Looks at all of them, and fails with everything that is wrong in them.
fn check(look: impl Fn(&Notebook, &mut dyn FnMut(String))) {
    let mut problems = String::new();
    for chapter in CHAPTERS {
        for language in ["en", "zh"] {
            let notebook = Notebook::read(chapter, language);
            look(&notebook, &mut |problem| {
                problems += &format!("\n  {}: {problem}", notebook.name)
            });
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn there_are_ten_chapters_and_an_aside_in_two_languages_and_no_others() {
    let entries = std::fs::read_dir(directory()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = names.filter(|name| name.ends_with(".ipynb")).collect();
    found.sort();
    let both = CHAPTERS.map(|name| ["en", "zh"].map(|lang| format!("{name}.{lang}.ipynb")));
    assert_eq!(found, both.concat());
}

#[test]
fn both_languages_have_the_same_cells_and_the_same_code() {
    for chapter in CHAPTERS {
        let [en, zh] = ["en", "zh"].map(|language| Notebook::read(chapter, language));
        assert_eq!(en.cells().count(), zh.cells().count(), "{chapter}");
        for cells in en.cells().zip(zh.cells()) {
            let [en, zh] = <[Cell; 2]>::from(cells).map(|cell| {
                let code = (cell.kind() == "code").then(|| without_comments(&cell.source()));
                (cell.id(), cell.kind(), cell.metadata(), code)
            });
            assert_eq!(en, zh, "{chapter}");
        }
    }
}

#[test]
fn cells_are_short_and_every_one_shows_something() {
    check(|notebook, complain| {
        for cell in notebook.code() {
            let source = cell.source();
            let n_lines = source.lines().filter(|line| !line.trim().is_empty()).count();
            let reason = cell.0["metadata"]["long"].as_str().unwrap_or_default();
            if n_lines > LONGEST_CELL && reason.is_empty() {
                let id = cell.id();
                complain(format!(
                    "cell {id} has {n_lines} lines and no reason (metadata \"long\")"
                ));
            }
            if cell.outputs().is_empty() {
                complain(format!("cell {} shows nothing", cell.id()));
            }
        }
    });
}

#[test]
fn prose_leads_through_the_code() {
    check(|notebook, complain| {
        let kinds: Vec<&str> = notebook.cells().map(|cell| cell.kind()).collect();
        let n_code = kinds.iter().filter(|kind| **kind == "code").count();
        if 2 * n_code > kinds.len() {
            complain(format!("{n_code} of {} cells are code", kinds.len()));
        }
        if kinds.windows(3).any(|three| three == ["code"; 3]) {
            complain("three code cells in a row".into());
        }
    });
}

#[test]
fn every_chapter_has_its_head_its_end_and_exercises() {
    check(|notebook, complain| {
        let markdown = notebook.markdown();
        let lines: Vec<&str> = markdown.lines().map(str::trim_end).collect();
        let at = |names: [&str; 2]| lines.iter().position(|line| names.contains(line));
        let summary = at(["## What you can do now", "## 现在你会了"]);
        let exercises = at(["## Exercises", "## 练习"]);
        // The cell computes the table, so that its values are those of the running model.
        let is_table = |output: &Value| text(&output["data"]["text/html"]).contains("<table");
        let symbols = notebook.code().find(|cell| cell.id() == "symbols");
        let symbols = symbols.is_some_and(|cell| cell.outputs().iter().any(is_table));
        for (has, what) in [
            (markdown.starts_with("# "), "title in its first cell"),
            (symbols, "table of the symbols' values"),
            (summary.is_some() && summary < exercises, "summary followed by exercises"),
        ] {
            if !has {
                complain(format!("no {what}"));
            }
        }
    });
}

#[test]
fn every_picture_has_words() {
    check(|notebook, complain| {
        for cell in notebook.code() {
            for data in cell.outputs().iter().filter_map(|output| output["data"].as_object()) {
                let svg = data.get("image/svg+xml").map(text);
                let has = |svg: &String, tag| !element(svg, tag).trim().is_empty();
                if svg.is_some_and(|svg| !has(&svg, "title") || !has(&svg, "desc")) {
                    complain(format!("cell {}: no <title> or no <desc>", cell.id()));
                }
                if data.contains_key("image/png") || data.contains_key("image/jpeg") {
                    complain(format!("cell {}: not an SVG", cell.id()));
                }
                if !data.contains_key("text/plain") {
                    complain(format!("cell {}: not in words too", cell.id()));
                }
            }
        }
        let markdown = notebook.markdown();
        if markdown.contains("![](") || markdown.contains("<img") && !markdown.contains("alt=\"") {
            complain("an image without words".into());
        }
    });
}

/// What stands in the first `<tag …>…</tag>`.
fn element<'a>(svg: &'a str, tag: &str) -> &'a str {
    let begun = svg.split_once(&format!("<{tag}"));
    let inside = begun.and_then(|(_, rest)| rest.split_once('>'));
    inside.and_then(|(_, rest)| rest.split_once("</")).map_or("", |(inside, _)| inside)
}

#[test]
fn files_hold_nothing_of_the_machine_that_ran_them() {
    let standard = serde_json::json!({
        "kernelspec": {"display_name": "Rust", "language": "rust", "name": "rust"},
        "language_info": {
            "codemirror_mode": "rust", "file_extension": ".rs", "mimetype": "text/rust",
            "name": "Rust", "pygment_lexer": "rust", "version": "",
        },
    });
    check(|notebook, complain| {
        if notebook.json["metadata"] != standard || notebook.json["nbformat_minor"] != 5 {
            complain("not the standard metadata: run notebooks/refresh".into());
        }
        let mut ids = HashSet::new();
        for cell in notebook.cells() {
            if !ids.insert(cell.id()) {
                complain(format!("two cells are called {}", cell.id()));
            }
            let mut keys = cell.metadata().keys();
            if let Some(key) = keys.find(|key| !["jupyter", "long", "tags"].contains(&key.as_str()))
            {
                complain(format!("cell {} has metadata {key}", cell.id()));
            }
        }
        for (number, cell) in notebook.code().enumerate() {
            if cell.0["execution_count"] != number + 1 {
                complain(format!("cell {} was not run as number {}", cell.id(), number + 1));
            }
            for output in cell.outputs() {
                if output["output_type"] == "error" || output["name"] == "stderr" {
                    complain(format!("cell {} ends in an error", cell.id()));
                }
                if let Some(path) = absolute_path(output) {
                    complain(format!("cell {} shows the path {path}", cell.id()));
                }
            }
        }
    });
}

/// A path from the root of some file system, anywhere in an output: `/two/parts` at least.
fn absolute_path(output: &Value) -> Option<String> {
    let is_path = |word: &&str| {
        let parts: Vec<&str> = word.split('/').collect();
        parts.len() > 2 && parts[0].is_empty() && !parts[1].is_empty()
    };
    let between = |c: char| c.is_whitespace() || "\"'`()<>[]{}=:,;，。：；（）“”".contains(c);
    match output {
        Value::Array(lines) => lines.iter().find_map(absolute_path),
        Value::Object(fields) => fields.values().find_map(absolute_path),
        Value::String(line) => line.split(between).find(is_path).map(String::from),
        _ => None,
    }
}

#[test]
fn paths_are_told_from_other_slashes() {
    let shown = |text: &str| absolute_path(&serde_json::json!({"text": [text]}));
    assert_eq!(shown("in /home/me/x.gguf:").as_deref(), Some("/home/me/x.gguf"));
    let none = "<g><text>1/2 and / or weights/x</text></g> http://a/b // c";
    assert_eq!(shown(none), None);
}

/// What is stated of the book's own model stands in quotes that begin with its name: each number there
/// must be in an output of the same notebook.
#[test]
fn numbers_of_the_small_model_come_from_outputs() {
    check(|notebook, complain| {
        let shown: String = notebook.code().flat_map(|c| c.outputs()).map(all_text).collect();
        let shown = numbers(&shown);
        let markdown = notebook.markdown();
        let quotes = markdown.split("\n\n").filter(|p| p.starts_with("> **SmolLM2-135M"));
        for quote in quotes {
            let said = quote.replace("SmolLM2-135M", "").replace("\n> ", " ");
            for number in numbers(&said).into_iter().filter(|n| !shown.contains(n)) {
                complain(format!("no output shows {number}: {said}"));
            }
        }
    });
}

/// All text inside an output, line after line.
fn all_text(output: &Value) -> String {
    match output {
        Value::Array(parts) => parts.iter().map(all_text).collect(),
        Value::Object(fields) => fields.values().map(|value| all_text(value) + "\n").collect(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    }
}

/// The numbers of a text as they are written, commas between thousands left out.
fn numbers(text: &str) -> HashSet<String> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    let words = text.split(|c: char| !is_part(c)).map(|word| word.trim_matches(['.', ',']));
    words.filter(|word| !word.is_empty()).map(|word| word.replace(',', "")).collect()
}

/// The reader's model, as it is committed, is what the notebooks keep, in both languages.
#[test]
fn my_llama_is_what_the_chapters_keep() {
    for (n, chapter) in CHAPTERS.iter().filter(|name| **name != "01b_tokenizer").enumerate() {
        let path = directory().join(format!("my_llama/src/chapter_{}.rs", n + 1));
        let module = std::fs::read_to_string(&path).unwrap();
        for language in ["en", "zh"] {
            let notebook = Notebook::read(chapter, language);
            let cells: Vec<String> = notebook.code().map(|cell| cell.source()).collect();
            let kept = llama3::notebook::kept(n + 1, &cells);
            assert_eq!(kept, module, "{}: run its last cells", notebook.name);
        }
    }
}
