//! The README's two commands and its picture of a run.

use super::page::{Page, read, root};
use llama3::prelude::weights;
use llama3_book::language::LANGUAGES;
use llama3_book::pictures::run;
use roxmltree::Document;
use std::path::Path;
use std::process::Command;

/// The words of a picture's lines.
fn words(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    let lines = texts.filter_map(|node| node.text());
    lines.flat_map(str::split_whitespace).map(String::from).collect()
}

/// Equal, or numbers that print differently only because another processor adds in another order.
fn alike(a: &str, b: &str) -> bool {
    let number = |word: &str| word.trim_start_matches('(').parse::<f64>();
    match (number(a), number(b)) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 1.0 && (a.fract() == 0.0 || (a - b).abs() < 0.1),
        _ => a == b,
    }
}

#[test]
fn the_picture_shows_what_the_program_prints() {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--example", "predict_42", "--", "--model"])
        .arg(weights::small_model().unwrap())
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    for language in LANGUAGES {
        let now = run::figure(&output, language).unwrap();
        let (old, new) = (words(&read(run::path(language))), words(now.svg()));
        let first = old.iter().zip(&new).find(|(a, b)| !alike(a, b));
        assert!(
            first.is_none() && old.len() == new.len(),
            "{} is older than predict_42: it says {first:?} (picture, program). Draw it again with \
             the command at the top of docs/site/src/pictures/run.rs",
            run::path(language).display()
        );
        assert!(old.ends_with(&["Answer:".into(), "42".into()]));
    }
}

/// The README promises two commands, and CI runs both.
#[test]
fn the_two_commands_are_the_first_thing_that_a_reader_sees() {
    let commands = "cargo run --release --example predict_42\ncargo test --release\n";
    for (language, readme) in LANGUAGES.into_iter().zip(["README.md", "README.zh.md"]) {
        let page = Page::read(Path::new(readme));
        assert_eq!(page.code[0].1, commands, "{readme}");
        let place = page.text.find(commands).unwrap();
        assert!(place < 200, "{readme}: {place}");
        let picture = run::path(language).display().to_string();
        assert!(page.pictures.iter().any(|(file, _)| *file == picture), "{readme}");
    }
    let ci = read(".ci/run");
    for command in commands.lines() {
        let captured = format!("answer=$({command})");
        let is_run = ci.lines().any(|line| line == command || line == captured);
        assert!(is_run, ".ci/run does not run {command}");
    }
}
