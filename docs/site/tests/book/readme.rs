//! The README's two commands and its picture of a run.

use super::page::root;
use llama3::Language;
use llama3::prelude::weights;
use llama3_book::pictures::run;
use roxmltree::Document;
use std::fs::read_to_string;
use std::process::Command;

const LANGUAGES: [(Language, &str); 2] =
    [(Language::En, "README.md"), (Language::Zh, "README.zh.md")];

/// The words of a picture's lines.
fn words(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    let lines = texts.filter_map(|node| node.text());
    lines
        .flat_map(str::split_whitespace)
        .map(String::from)
        .collect()
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
    let model = weights::small_model().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--example", "predict_42"])
        .args(["--", "--model", &model.to_string_lossy()])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    for (language, _) in LANGUAGES {
        let path = run::path(language);
        let committed = read_to_string(root().join(&path)).unwrap();
        let now = run::figure(&output, language).unwrap();
        let (old, new) = (words(&committed), words(now.svg()));
        let first = old.iter().zip(&new).find(|(a, b)| !alike(a, b));
        assert!(
            first.is_none() && old.len() == new.len(),
            "{path} is older than predict_42: it says {first:?} (picture, program). Draw it again \
             with the command at the top of docs/site/src/pictures/run.rs"
        );
        assert!(old.ends_with(&["Answer:".into(), "42".into()]));
    }
}

#[test]
fn the_two_commands_stand_at_the_top() {
    for (language, readme) in LANGUAGES {
        let text = read_to_string(root().join(readme)).unwrap();
        let commands = "```\ncargo run --release --example predict_42\ncargo test --release\n```";
        let place = text.find(commands);
        assert!(
            place.is_some_and(|place| place < 200),
            "{readme}: {place:?}"
        );
        assert!(text.contains(&format!("]({})", run::path(language))));
    }
}

#[test]
fn a_picture_needs_an_answer() {
    let refused = run::figure("no run at all", Language::En);
    assert!(refused.is_err_and(|e| e.to_string().contains("predict_42")));
}
