//! The book: its walk pages are those of the notebooks, every link leads somewhere, both languages
//! say the same, and every command can be typed.

mod cache;
#[path = "../../../../tests/common/code.rs"]
mod code;
mod commands;
mod counts;
mod glossary;
mod library;
mod numbers;
mod page;
mod readme;

use code::without_comments;
use page::{Page, pages, root, twin};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Collects what is wrong in all pages, and fails with the list.
fn complain_about(what: &str, problems: Vec<String>) {
    assert!(problems.is_empty(), "{what}:\n  {}", problems.join("\n  "));
}

/// Each page with its twin, the English one first.
fn pairs() -> Vec<(Page, Page)> {
    let mut pages: BTreeMap<PathBuf, Page> = pages()
        .into_iter()
        .map(|page| (page.path.clone(), page))
        .collect();
    let is_english = |path: &Path| {
        path.starts_with("docs/en") || !path.starts_with("docs") && !path.ends_with("README.zh.md")
    };
    let english: Vec<PathBuf> = pages
        .keys()
        .filter(|path| is_english(path))
        .cloned()
        .collect();
    let pair = |path: PathBuf| {
        let other = pages.remove(&twin(&path));
        let other = other
            .unwrap_or_else(|| panic!("{} has no twin {}", path.display(), twin(&path).display()));
        (pages.remove(&path).unwrap(), other)
    };
    let pairs: Vec<(Page, Page)> = english.into_iter().map(pair).collect();
    assert!(
        pages.is_empty(),
        "without an English twin: {:?}",
        pages.keys()
    );
    pairs
}

/// What differs between the twins, each with its page.
fn compare(what: &str, difference: impl Fn(&Page, &Page) -> Option<String>) {
    let pairs = pairs();
    let differ = pairs.iter().filter_map(|(en, zh)| {
        difference(en, zh).map(|problem| format!("{} and its twin: {problem}", en.path.display()))
    });
    complain_about(what, differ.collect());
}

/// The first place where two lists differ.
fn first_difference<T: PartialEq + std::fmt::Debug>(en: &[T], zh: &[T]) -> Option<String> {
    let at = en.iter().zip(zh).position(|(one, other)| one != other);
    match at {
        Some(at) => Some(format!("{:?} is {:?}", en[at], zh[at])),
        None if en.len() != zh.len() => Some(format!("{} here, {} there", en.len(), zh.len())),
        None => None,
    }
}

#[test]
fn walk_pages_are_what_the_notebooks_say() {
    llama3_book::walk::check(root()).unwrap();
}

#[test]
fn every_page_begins_with_its_title_and_its_twin() {
    let mut problems = Vec::new();
    for page in pages()
        .iter()
        .filter(|page| !page.path.ends_with("SUMMARY.md"))
    {
        let lines: Vec<&str> = page.text.lines().take(3).collect();
        let is_title = lines.first().is_some_and(|line| line.starts_with("# "));
        let leads_to_twin = lines.get(2).is_some_and(|line| {
            let directory = page.path.parent().unwrap();
            let links = Page::parse(line).links;
            links
                .first()
                .is_some_and(|link| resolved(&directory.join(link)) == twin(&page.path))
        });
        if !is_title || !leads_to_twin {
            problems.push(format!(
                "{}: expected `# Title`, an empty line, a link to the twin",
                page.path.display()
            ));
        }
    }
    complain_about("pages without the usual beginning", problems);
}

/// A path without `..`.
fn resolved(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part.as_os_str().to_str() {
            Some("..") => assert!(result.pop(), "{} leaves the repository", path.display()),
            Some(".") => {}
            _ => result.push(part),
        }
    }
    result
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let mut problems = Vec::new();
    for page in pages() {
        let pictures = page.pictures.iter().map(|(file, _)| file);
        for link in page.links.iter().chain(pictures) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.path.clone(),
                file => resolved(&page.path.parent().unwrap().join(file)),
            };
            let exists = root().join(&target).exists();
            let is_page = target
                .extension()
                .is_some_and(|extension| extension == "md");
            let has_anchor = || {
                anchor.is_empty()
                    || is_page && Page::read(&target).anchors.iter().any(|a| a == anchor)
            };
            if !exists || !has_anchor() {
                problems.push(format!("{}: {link} leads nowhere", page.path.display()));
            }
        }
    }
    complain_about("broken links", problems);
}

#[test]
fn both_languages_have_the_same_pages() {
    assert!(pairs().len() > 20, "only {} pages", pairs().len());
}

/// Outputs and the words in formulas are in the page's language; code is the same but for comments.
#[test]
fn both_languages_have_the_same_code() {
    let code = |page: &Page| -> Vec<(String, Vec<String>)> {
        let blocks = page.code.iter().map(|(language, code)| {
            let code = match language.as_str() {
                "rust" => without_comments(code),
                "text" | "math" => Vec::new(),
                _ => code
                    .lines()
                    .map(|line| line.split(" #").next().unwrap().trim_end().into())
                    .collect(),
            };
            (language.clone(), code)
        });
        blocks.collect()
    };
    compare("the code differs", |en, zh| {
        first_difference(&code(en), &code(zh))
    });
}

#[test]
fn both_languages_have_the_same_pictures_and_every_one_has_words() {
    let files = |page: &Page| -> Vec<String> {
        let names = page
            .pictures
            .iter()
            .map(|(file, _)| file.rsplit('/').next().unwrap());
        names
            .map(|name| name.replace(".zh.", ".").replace(".en.", "."))
            .collect()
    };
    compare("the pictures differ", |en, zh| {
        first_difference(&files(en), &files(zh))
    });
    let silent = pages().into_iter().flat_map(|page| {
        let silent = page
            .pictures
            .into_iter()
            .filter(|(_, words)| words.trim().is_empty());
        silent
            .map(move |(file, _)| format!("{}: {file}", page.path.display()))
            .collect::<Vec<_>>()
    });
    complain_about("pictures without words", silent.collect());
}

/// In tables row by row, in prose page by page. Small numbers may be words in one language, except
/// where a cell and its twin begin with one. The glossary's rows stand in the order of each language.
/// Tables of walk pages are outputs of two runs, in which times differ: they have the same rows and
/// columns.
#[test]
fn both_languages_have_the_same_numbers() {
    compare("the prose differs", |en, zh| {
        let (ours, theirs) = (numbers::large(&en.prose), numbers::large(&zh.prose));
        let missing = |a: &std::collections::BTreeSet<String>, b| {
            a.difference(b).cloned().collect::<Vec<_>>().join(", ")
        };
        (ours != theirs).then(|| {
            format!(
                "only in English: {}; only in Chinese: {}",
                missing(&ours, &theirs),
                missing(&theirs, &ours)
            )
        })
    });
    compare("the tables differ", |en, zh| {
        let columns = |page: &Page| page.rows.iter().map(Vec::len).collect::<Vec<_>>();
        let is_output = en.path.iter().any(|part| part == "walk");
        let difference = first_difference(&columns(en), &columns(zh));
        if is_output || difference.is_some() {
            return difference;
        }
        if en.path.ends_with("glossary.md") {
            let rows = |page: &Page| {
                let rows = page.rows.iter().map(|row| numbers::large(&row.join(" ")));
                let mut rows: Vec<_> = rows.collect();
                rows.sort();
                rows
            };
            return first_difference(&rows(en), &rows(zh));
        }
        let rows = |page: &Page, twin: &Page| -> Vec<Vec<Vec<String>>> {
            let rows = page.rows.iter().zip(&twin.rows);
            let cells = rows.map(|(row, other)| row.iter().zip(other));
            cells
                .map(|cells| cells.map(|(cell, other)| of_cell(cell, other)).collect())
                .collect()
        };
        first_difference(&rows(en, zh), &rows(zh, en))
    });
}

/// The numbers of a cell: all of them where it and its twin begin with one, else the large ones.
fn of_cell(cell: &str, twin: &str) -> Vec<String> {
    let begins_with_digit = |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit());
    match begins_with_digit(cell) && begins_with_digit(twin) {
        true => numbers::numbers(cell),
        false => numbers::large(cell).into_iter().collect(),
    }
}

#[test]
fn every_command_can_be_typed() {
    let mut helps = commands::Helps::default();
    let mut problems = Vec::new();
    let mut n = 0;
    for page in pages() {
        for command in commands::commands(&page) {
            n += 1;
            if let Some(problem) = commands::problem(&command, &mut helps) {
                problems.push(format!("{}: `{command}`: {problem}", page.path.display()));
            }
        }
    }
    complain_about("commands that do not work", problems);
    assert!(n > 20, "only {n} commands found");
}

/// The README promises two commands, and CI runs both.
#[test]
fn the_two_commands_are_the_first_thing_that_a_reader_sees() {
    let commands = [
        "cargo run --release --example predict_42",
        "cargo test --release",
    ];
    let ci = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    for readme in ["README.md", "README.zh.md"] {
        let page = Page::read(Path::new(readme));
        let first: Vec<&str> = page.code[0].1.lines().collect();
        assert_eq!(first, commands, "{readme}");
    }
    for command in commands {
        assert!(
            ci.lines().any(|line| line.starts_with(command)),
            ".ci/run does not run {command}"
        );
    }
}
