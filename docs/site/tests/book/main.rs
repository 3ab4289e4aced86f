//! The book: its walk pages are those of the notebooks, its pictures and numbers are what the library
//! computes, every link leads somewhere, both languages say the same, and every command can be typed.

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
mod terms;

use code::without_comments;
use llama3_book::{pictures, walk};
use page::{Page, is_in_walk, pages, root, twin};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Collects what is wrong in all pages, and fails with the list.
fn complain_about(what: &str, problems: Vec<String>) {
    assert!(problems.is_empty(), "{what}:\n  {}", problems.join("\n  "));
}

/// Each page with its twin, the English one first.
fn pairs() -> Vec<(Page, Page)> {
    let named = pages().into_iter().map(|page| (page.path.clone(), page));
    let (chinese, english): (BTreeMap<PathBuf, Page>, BTreeMap<PathBuf, Page>) =
        named.partition(|(path, _)| path.starts_with("docs/zh") || path.ends_with("README.zh.md"));
    let mut left = chinese;
    let pair = |(path, page): (PathBuf, Page)| {
        let other = left.remove(&twin(&path));
        let other = other.unwrap_or_else(|| panic!("{} has no twin", path.display()));
        (page, other)
    };
    let pairs = english.into_iter().map(pair).collect();
    assert!(left.is_empty(), "without a twin: {:?}", left.keys());
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
    walk::check(root()).unwrap();
}

#[test]
fn pictures_and_measured_speed_are_up_to_date() {
    pictures::check(root()).unwrap();
}

#[test]
fn every_page_begins_with_its_title_and_its_twin() {
    let has_beginning = |page: &Page| {
        let lines: Vec<&str> = page.text.lines().take(3).collect();
        let &[title, "", links] = lines.as_slice() else {
            return false;
        };
        let links = Page::parse(&page.path, links).links;
        title.starts_with("# ")
            && links.first().is_some_and(|link| page.target(link) == twin(&page.path))
    };
    let pages = pages().into_iter().filter(|page| !page.path.ends_with("SUMMARY.md"));
    let without = pages.filter(|page| !has_beginning(page));
    let expected = "expected `# Title`, an empty line, a link to the twin";
    let problems = without.map(|page| format!("{}: {expected}", page.path.display()));
    complain_about("pages without the usual beginning", problems.collect());
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let mut problems = Vec::new();
    for page in pages() {
        let pictures = page.pictures.iter().map(|(file, _)| file);
        for link in page.links.iter().chain(pictures).filter(|link| !link.contains("://")) {
            let target = page.target(link);
            let has_anchor = || match link.split_once('#') {
                Some((_, anchor)) => {
                    is_page(&target) && Page::read(&target).anchors.iter().any(|a| a == anchor)
                }
                None => true,
            };
            if !(root().join(&target).exists() && has_anchor()) {
                problems.push(format!("{}: {link} leads nowhere", page.path.display()));
            }
        }
    }
    complain_about("broken links", problems);
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

#[test]
fn both_languages_have_the_same_pages() {
    assert!(pairs().len() > 20, "only {} pages", pairs().len());
}

/// Outputs are in the page's language, and so are the words in a chapter's formulas; code is the same
/// but for comments.
#[test]
fn both_languages_have_the_same_code() {
    let code = |page: &Page| -> Vec<(String, Vec<String>)> {
        let blocks = page.code.iter().map(|(language, code)| {
            let code = match language.as_str() {
                "rust" => without_comments(code),
                "text" => Vec::new(),
                "math" if is_in_walk(&page.path) => Vec::new(),
                _ => code
                    .lines()
                    .map(|line| line.split(" #").next().unwrap().trim_end().into())
                    .collect(),
            };
            (language.clone(), code)
        });
        blocks.collect()
    };
    compare("the code differs", |en, zh| first_difference(&code(en), &code(zh)));
}

#[test]
fn both_languages_have_the_same_links() {
    let links = |page: &Page| {
        let same = |path: &Path| path.to_str().unwrap().replace("docs/zh/", "docs/en/");
        let links = page.links.iter().map(|link| {
            if link.contains("://") {
                link.clone()
            } else {
                same(&page.target(link)).replace(".zh.", ".").replace(".en.", ".")
            }
        });
        let mut links: Vec<String> = links.collect();
        links.sort();
        links
    };
    compare("the links differ", |en, zh| first_difference(&links(en), &links(zh)));
}

#[test]
fn both_languages_have_the_same_pictures_and_every_one_has_words() {
    let files = |page: &Page| -> Vec<String> {
        let names = page.pictures.iter().map(|(file, _)| file.rsplit('/').next().unwrap());
        names.map(String::from).collect()
    };
    compare("the pictures differ", |en, zh| first_difference(&files(en), &files(zh)));
    let mut silent = Vec::new();
    for page in pages() {
        let files = page.pictures.iter().filter(|(_, words)| words.trim().is_empty());
        silent.extend(files.map(|(file, _)| format!("{}: {file}", page.path.display())));
    }
    complain_about("pictures without words", silent);
}

/// Small numbers may be words in one language.
#[test]
fn both_languages_have_the_same_numbers() {
    compare("the prose differs", |en, zh| {
        let (ours, theirs) = (numbers::large(&en.prose), numbers::large(&zh.prose));
        let missing = |a: &BTreeSet<String>, b| Vec::from_iter(a.difference(b).cloned()).join(", ");
        let (en, zh) = (missing(&ours, &theirs), missing(&theirs, &ours));
        (ours != theirs).then(|| format!("only in English: {en}; only in Chinese: {zh}"))
    });
}

/// Row by row. The glossary's rows stand in the order of each language. Tables of walk pages are
/// outputs of two runs, in which times differ: they have the same rows and columns.
#[test]
fn both_languages_have_the_same_numbers_in_their_tables() {
    let columns = |page: &Page| page.rows.iter().map(Vec::len).collect::<Vec<_>>();
    compare("the tables differ", |en, zh| {
        let difference = first_difference(&columns(en), &columns(zh));
        if is_in_walk(&en.path) || difference.is_some() {
            return difference;
        }
        let [mut ours, mut theirs] = [(en, zh), (zh, en)].map(|(page, twin)| {
            let rows = page.rows.iter().zip(&twin.rows);
            let cells = |(row, other): (&Vec<String>, &Vec<String>)| {
                let cells = row.iter().zip(other);
                cells.flat_map(|(cell, other)| of_cell(cell, other)).collect::<Vec<_>>()
            };
            rows.map(cells).collect::<Vec<_>>()
        });
        if en.path.ends_with("glossary.md") {
            ours.sort();
            theirs.sort();
        }
        first_difference(&ours, &theirs)
    });
}

/// The numbers of a cell: all of them where it and its twin begin with one, else the large ones.
fn of_cell(cell: &str, twin: &str) -> Vec<String> {
    let begins_with_digit = |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit());
    if begins_with_digit(cell) && begins_with_digit(twin) {
        numbers::numbers(cell)
    } else {
        numbers::large(cell).into_iter().collect()
    }
}

#[test]
fn every_command_can_be_typed() {
    let mut commands = commands::Commands::default();
    let (mut problems, mut n) = (Vec::new(), 0);
    for page in pages() {
        for command in commands::commands(&page) {
            n += 1;
            if let Some(problem) = commands.problem(&command) {
                problems.push(format!("{}: `{command}`: {problem}", page.path.display()));
            }
        }
    }
    complain_about("commands that do not work", problems);
    assert!(n > 20, "only {n} commands found");
}
