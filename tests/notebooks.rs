//! The notebooks: both languages tell the same story, every cell is short and shows something, and
//! all of them run from a clean kernel with the outputs that the files hold.

#[path = "common/code.rs"]
mod code;

use code::without_comments;
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const CHAPTERS: [&str; 10] = [
    "01_tokens",
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
const LANGUAGES: [&str; 2] = ["en", "zh"];
const LONGEST_CELL: usize = 8;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks")
}

/// One notebook and its name, for messages.
struct Notebook {
    name: String,
    json: Value,
}

impl Notebook {
    fn read(chapter: &str, language: &str) -> Notebook {
        let name = format!("{chapter}.{language}.ipynb");
        let path = directory().join(&name);
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let json = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{name} is not JSON: {error}"));
        Notebook { name, json }
    }

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.json["cells"].as_array().unwrap().iter().map(Cell)
    }

    fn of_type(&self, kind: &str) -> impl Iterator<Item = Cell<'_>> {
        self.cells().filter(move |cell| cell.kind() == kind)
    }

    fn markdown(&self) -> String {
        let cells: Vec<String> = self.of_type("markdown").map(|c| c.source()).collect();
        cells.join("\n\n")
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

    fn outputs(&self) -> &'a [Value] {
        self.0["outputs"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// The text of a field that is a string or a list of lines.
fn text(value: &Value) -> String {
    match value {
        Value::Array(lines) => lines.iter().map(|line| line.as_str().unwrap()).collect(),
        other => other.as_str().unwrap_or_default().to_string(),
    }
}

/// All twenty.
fn notebooks() -> Vec<Notebook> {
    CHAPTERS
        .iter()
        .flat_map(|chapter| LANGUAGES.map(|language| Notebook::read(chapter, language)))
        .collect()
}

/// Collects what is wrong in all notebooks, and fails with the list.
fn complain_about(what: &str, problems: Vec<String>) {
    assert!(problems.is_empty(), "{what}:\n  {}", problems.join("\n  "));
}

#[test]
fn there_are_ten_chapters_in_two_languages_and_no_others() {
    let entries = std::fs::read_dir(directory()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = names.filter(|name| name.ends_with(".ipynb")).collect();
    found.sort();
    let expected: Vec<String> = notebooks().into_iter().map(|n| n.name).collect();
    assert_eq!(found, expected);
}

#[test]
fn both_languages_have_the_same_cells_and_the_same_code() {
    let mut problems = Vec::new();
    for chapter in CHAPTERS {
        let [en, zh] = LANGUAGES.map(|language| Notebook::read(chapter, language));
        let outline = |notebook: &Notebook| -> Vec<(String, String, Value)> {
            let of = |c: Cell| (c.id().into(), c.kind().into(), c.0["metadata"].clone());
            notebook.cells().map(of).collect()
        };
        let (ours, theirs) = (outline(&en), outline(&zh));
        let differ = ours.iter().zip(&theirs).find(|(one, other)| one != other);
        if let Some((one, other)) = differ {
            problems.push(format!(
                "{chapter}: {one:?} in English is {other:?} in Chinese"
            ));
        } else if ours.len() != theirs.len() {
            problems.push(format!(
                "{chapter}: {} cells in English, {} in Chinese",
                ours.len(),
                theirs.len()
            ));
        }
        for (one, other) in en.of_type("code").zip(zh.of_type("code")) {
            if without_comments(&one.source()) != without_comments(&other.source()) {
                problems.push(format!("{chapter}: the code of cell {} differs", one.id()));
            }
        }
    }
    complain_about("English and Chinese are not the same notebook", problems);
}

#[test]
fn cells_are_short_and_every_one_shows_something() {
    let mut problems = Vec::new();
    for notebook in notebooks() {
        for cell in notebook.of_type("code") {
            let source = cell.source();
            let lines = source.lines().filter(|line| !line.trim().is_empty());
            let lines = lines.count();
            if lines > LONGEST_CELL
                && cell.0["metadata"]["long"]
                    .as_str()
                    .is_none_or(str::is_empty)
            {
                problems.push(format!(
                    "{}: cell {} has {lines} lines, more than {LONGEST_CELL}, and gives no reason (metadata \"long\")",
                    notebook.name, cell.id()
                ));
            }
            if cell.outputs().is_empty() {
                problems.push(format!(
                    "{}: cell {} shows nothing",
                    notebook.name,
                    cell.id()
                ));
            }
        }
    }
    complain_about("cells that a reader would stumble over", problems);
}

#[test]
fn prose_leads_through_the_code() {
    let mut problems = Vec::new();
    for notebook in notebooks() {
        let kinds: Vec<&str> = notebook.json["cells"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cell| cell["cell_type"].as_str().unwrap())
            .collect();
        let code = kinds.iter().filter(|kind| **kind == "code").count();
        if 2 * code > kinds.len() {
            problems.push(format!(
                "{}: {code} of {} cells are code",
                notebook.name,
                kinds.len()
            ));
        }
        if kinds.windows(3).any(|three| three == ["code"; 3]) {
            problems.push(format!("{}: three code cells in a row", notebook.name));
        }
    }
    complain_about("too little prose", problems);
}

#[test]
fn every_chapter_has_its_title_symbols_summary_and_exercises() {
    let mut problems = Vec::new();
    for notebook in notebooks() {
        let markdown = notebook.markdown();
        let lines: Vec<&str> = markdown.lines().map(str::trim_end).collect();
        let at = |names: [&str; 2]| lines.iter().position(|line| names.contains(line));
        let mut miss = |what: &str| problems.push(format!("{}: no {what}", notebook.name));
        if !lines.first().is_some_and(|line| line.starts_with("# ")) {
            miss("title in its first cell");
        }
        if at(["## Symbols", "## 符号"]).is_none() || !shows_symbols(&notebook) {
            miss("symbols with a table of their values");
        }
        match (
            at(["## Summary", "## 小结"]),
            at(["## Exercises", "## 练习"]),
        ) {
            (Some(summary), Some(exercises)) if summary < exercises => {}
            _ => miss("summary followed by exercises"),
        }
    }
    complain_about("chapters that lack a part", problems);
}

/// The cell `symbols` computes the table, so that its values are those of the running model.
fn shows_symbols(notebook: &Notebook) -> bool {
    let symbols = notebook.of_type("code").find(|cell| cell.id() == "symbols");
    symbols.is_some_and(|cell| {
        let mut tables = cell.outputs().iter().map(|o| text(&o["data"]["text/html"]));
        tables.any(|table| table.contains("<table"))
    })
}

#[test]
fn every_picture_has_words() {
    let mut problems = Vec::new();
    for notebook in notebooks() {
        for cell in notebook.of_type("code") {
            for output in cell.outputs() {
                let svg = text(&output["data"]["image/svg+xml"]);
                let has = |tag: &str| !element(&svg, tag).trim().is_empty();
                let has_words = has("title") && has("desc");
                if !svg.is_empty() && !has_words {
                    problems.push(format!(
                        "{}: cell {}: no <title> or no <desc>",
                        notebook.name,
                        cell.id()
                    ));
                }
                let bitmap = ["image/png", "image/jpeg"];
                if bitmap.iter().any(|kind| !output["data"][kind].is_null()) {
                    problems.push(format!("{}: cell {}: not an SVG", notebook.name, cell.id()));
                }
                let data = &output["data"];
                if data.is_object() && data["text/plain"].is_null() {
                    problems.push(format!(
                        "{}: cell {}: not in words too",
                        notebook.name,
                        cell.id()
                    ));
                }
            }
        }
        let markdown = notebook.markdown();
        if markdown.contains("![](") || markdown.contains("<img") && !markdown.contains("alt=\"") {
            problems.push(format!("{}: an image without words", notebook.name));
        }
    }
    complain_about("pictures that a screen reader cannot read", problems);
}

/// What stands in the first `<tag …>…</tag>`.
fn element<'a>(svg: &'a str, tag: &str) -> &'a str {
    let Some((_, rest)) = svg.split_once(&format!("<{tag}")) else {
        return "";
    };
    let inside = rest
        .split_once('>')
        .and_then(|(_, rest)| rest.split_once("</"));
    inside.map_or("", |(inside, _)| inside)
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
    let mut problems = Vec::new();
    for notebook in notebooks() {
        let mut complain = |what: String| problems.push(format!("{}: {what}", notebook.name));
        if notebook.json["metadata"] != standard || notebook.json["nbformat_minor"] != 5 {
            complain("not the standard metadata".into());
        }
        let mut ids = HashSet::new();
        for (number, cell) in notebook.of_type("code").enumerate() {
            if cell.0["execution_count"] != number + 1 {
                complain(format!(
                    "cell {} was not run as number {}",
                    cell.id(),
                    number + 1
                ));
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
        for cell in notebook.cells() {
            if !ids.insert(cell.id()) {
                complain(format!("two cells are called {}", cell.id()));
            }
            let metadata = cell.0["metadata"].as_object().unwrap();
            if let Some(key) = metadata
                .keys()
                .find(|key| !["long", "tags"].contains(&key.as_str()))
            {
                complain(format!("cell {} has metadata {key}", cell.id()));
            }
        }
    }
    complain_about("run notebooks/refresh, and have another look", problems);
}

/// A path from the root of some file system, anywhere in an output: `/two/parts` at least.
fn absolute_path(output: &Value) -> Option<String> {
    let is_path = |word: &&str| {
        let parts: Vec<&str> = word.split('/').collect();
        parts.len() > 2 && parts[0].is_empty() && !parts[1].is_empty()
    };
    let between = |c: char| c.is_whitespace() || "\"'`()<>[]{}=:,;，。：；（）“”".contains(c);
    match output {
        Value::String(text) => text.split(between).find(is_path).map(String::from),
        Value::Array(lines) if lines.iter().all(Value::is_string) => {
            text(output).split(between).find(is_path).map(String::from)
        }
        Value::Object(fields) => fields.values().find_map(absolute_path),
        _ => None,
    }
}

#[test]
fn paths_are_told_from_other_slashes() {
    let shown = |text: &str| absolute_path(&serde_json::json!({"text": [text]}));
    assert_eq!(
        shown("in /home/me/x.gguf:").as_deref(),
        Some("/home/me/x.gguf")
    );
    assert_eq!(
        shown("<g><text>1/2 and / or weights/x</text></g> http://a/b // c"),
        None
    );
}

/// Runs `notebooks/refresh --check`, which calls `notebooks/setup` first where something is missing.
fn refresh(arguments: &[&str]) {
    let python = Command::new("python3").arg("--version").output();
    assert!(
        python.is_ok_and(|output| output.status.success()),
        "python3 is missing: the notebooks run in JupyterLab, a Python program. \
         Install Python 3.11 or newer with pip and venv, then test again."
    );
    let status = Command::new("python3")
        .arg(directory().join("refresh"))
        .arg("--check")
        .args(arguments)
        .status()
        .unwrap();
    assert!(
        status.success(),
        "notebooks/refresh --check {arguments:?} failed; its report is above"
    );
}

/// All twenty on the default model, then one language of chapters 2 to 8 with the exact shapes of
/// Llama 3 8B: one is enough, since another test holds both to the same code. One test, so that
/// the two do not compete for the processor and each cell's time stays comparable.
#[test]
fn all_notebooks_run_and_show_what_they_hold() {
    refresh(&[]);
    refresh(&[
        "--model",
        "rehearsal:llama-3-8b",
        "--lang",
        "en",
        "--expect",
        "4:[32, 128, 4096]",
        "--expect",
        "3:[17, 4096]",
        "--expect",
        "8:[17, 4096]",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
    ]);
}

/// The kernel chooses among the crates that are on the machine, without the network. A newer one that
/// came only for the book's site would be chosen, and what it needs may be missing.
#[test]
fn the_site_needs_no_other_versions_than_the_crate() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [ours, site] = ["Cargo.lock", "docs/site/Cargo.lock"].map(|file| {
        let text = std::fs::read_to_string(manifest.join(file)).unwrap();
        let packages = text.split("[[package]]").skip(1);
        let value = |package: &str, key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap().trim_matches('"').to_string()
        };
        let named = packages.map(|p| (value(p, "name = "), value(p, "version = ")));
        named.collect::<BTreeSet<_>>()
    });
    // Versions that may stand for each other agree in the first number that is not 0.
    let series = |version: &str| match version.split('.').collect::<Vec<_>>()[..] {
        ["0", minor, ..] => format!("0.{minor}"),
        [major, ..] => major.to_string(),
        [] => String::new(),
    };
    for (name, version) in site.difference(&ours) {
        let same = |(n, v): &&(String, String)| n == name && series(v) == series(version);
        let Some((_, wanted)) = ours.iter().find(same) else {
            continue;
        };
        let update = format!("cargo update --manifest-path docs/site/Cargo.toml {name}@{version}");
        panic!("docs/site/Cargo.lock has {name} {version}: {update} --precise {wanted}");
    }
}
