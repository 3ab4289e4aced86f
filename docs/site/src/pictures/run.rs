//! What predict_42 printed, for the README: docs/{en,zh}/pictures/predict_42.svg.
//!
//! ```sh
//! cargo run --release --example predict_42 | cargo run --release -p llama3-book -- run
//! ```

use super::screen::screen;
use crate::language::{LANGUAGES, Language, docs};
use anyhow::{Context, Result};
use llama3::plot::Figure;
use std::path::{Path, PathBuf};

/// Draws what comes from the standard input.
pub fn write(root: &Path) -> Result<()> {
    let output = std::io::read_to_string(std::io::stdin()).context("reading what was printed")?;
    for language in LANGUAGES {
        figure(&output, language)?.save(root.join(path(language)))?;
        println!("wrote {}", path(language).display());
    }
    Ok(())
}

/// Where the picture in a language lies, from the repository's root.
pub fn path(language: Language) -> PathBuf {
    docs(language).join("pictures/predict_42.svg")
}

/// The picture of a run of the default model.
pub fn figure(output: &str, language: Language) -> Result<Figure> {
    let mut lines = vec!["$ cargo run --release --example predict_42"];
    lines.extend(chosen(output));
    let answer = lines.iter().rfind(|line| line.starts_with("Answer: "));
    let missing = "there is no answer in the input: pipe the output of predict_42 into this";
    Ok(screen(&lines.join("\n"), answer.context(missing)?, language))
}

/// How many candidates for the next token are shown.
const SHOWN: usize = 3;

/// The lines that tell the story: the model, its answer to the bare prompt, and the way to 42.
fn chosen(output: &str) -> Vec<&str> {
    let halves = output.split_once("\nThat is not 42");
    let (bare, told) = halves.map_or(("", output), |(bare, _)| (bare, &output[bare.len()..]));
    let mut lines: Vec<&str> = bare.lines().filter(|line| is_said_once(line)).collect();
    let mut best = 0;
    for line in told.lines() {
        let is_candidate = line.contains(" %  logit ");
        best += usize::from(is_candidate);
        if !line.starts_with("Tokens ") && !line.starts_with("Time ") && is_shown(line, best) {
            lines.push(line);
        }
        if is_candidate && best == SHOWN + 1 {
            lines.push("     …");
        }
    }
    lines.dedup(); // of two empty lines one is enough
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

/// Before the context: the model, the prompt, the answer.
fn is_said_once(line: &str) -> bool {
    let begins = ["Model ", "Size ", "Sizes ", "Prompt ", "Answer: "];
    line.is_empty() || begins.iter().any(|begin| line.starts_with(begin))
}

/// After it: no shapes (they begin with spaces), every sixth layer, the best candidates.
fn is_shown(line: &str, n_candidates: usize) -> bool {
    let layer = line.strip_prefix("layer ").and_then(|rest| {
        let (number, _) = rest.split_once('/')?;
        number.trim().parse::<usize>().ok()
    });
    match layer {
        Some(layer) => layer == 1 || layer.is_multiple_of(6),
        None if line.contains(" %  logit ") => n_candidates <= SHOWN,
        None => !line.starts_with("   "),
    }
}

#[test]
fn a_picture_needs_an_answer() {
    let refused = figure("no run at all", Language::En);
    assert!(refused.is_err_and(|e| e.to_string().contains("predict_42")));
}
