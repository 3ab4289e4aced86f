//! The commands that a reader is told to type: each program, file and option exists.

use super::page::{Page, root};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::process::Command;

/// Programs of other people: that they are there, and take what is given, is theirs to say.
const OTHERS: [&str; 15] = [
    "curl", "set", "sh", "ssh", "hf", "git", "cd", "pip", "apt-get", "docker", "code", "jupyter",
    "rustup", "winget", "brew",
];

/// The lines of the page that are commands.
pub fn commands(page: &Page) -> Vec<String> {
    let blocks = page.code.iter().filter(|(language, _)| is_shell(language));
    let lines = blocks.flat_map(|(_, code)| code.lines());
    let starts = ["cargo ", "notebooks/", "weights/", "benches/", "python3 ", ".ci/"];
    let inline = page.inline_code.iter().map(String::as_str);
    let inline = inline.filter(|code| {
        let path = code.split(' ').next().unwrap();
        starts.iter().any(|start| code.starts_with(start)) && (path == "cargo" || is_program(path))
    });
    let commands = lines.chain(inline).flat_map(|line| {
        // After a prompt, or in a notebook's cell after an exclamation mark.
        let line = line.trim().trim_start_matches("$ ").trim_start_matches('!');
        let command = line.split(" #").next().unwrap().replace(" && ", " | ");
        let parts = command.split(" | ").map(|part| part.trim().to_string());
        parts.collect::<Vec<_>>()
    });
    commands.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

fn is_shell(language: &str) -> bool {
    ["", "sh", "bash", "shell", "console"].contains(&language)
}

/// A file that can be run, or that Python runs.
fn is_program(path: &str) -> bool {
    let file = root().join(path);
    path == "python3" || file.is_file() && file.extension().is_none()
}

/// What commands are checked against; each program is asked only once.
#[derive(Default)]
pub struct Commands {
    /// What cargo says about the crates of the repository.
    crates: OnceCell<Value>,
    /// What programs say about themselves.
    helps: HashMap<Vec<String>, String>,
}

impl Commands {
    /// What is wrong with a command, if anything.
    pub fn problem(&mut self, command: &str) -> Option<String> {
        let words: Vec<String> = words(command);
        let is_setting =
            |word: &&String| word.split('=').next().is_some_and(is_variable) && word.contains('=');
        let words = words.iter().skip_while(is_setting).map(String::as_str);
        match words.collect::<Vec<&str>>().as_slice() {
            [] | ["export", ..] => None,
            ["cargo", rest @ ..] => self.cargo(rest),
            ["python3", "-m", ..] => None,
            ["python3", file, rest @ ..] => script(file, rest),
            [program, ..] if OTHERS.contains(&program.rsplit('/').next().unwrap()) => None,
            [file, rest @ ..] if is_program(file) => script(file, rest),
            [program, ..] => Some(format!("no such program: {program}")),
        }
    }

    fn cargo(&mut self, words: &[&str]) -> Option<String> {
        let mut halves = words.splitn(2, |word| *word == "--");
        let (ours, theirs) = (halves.next()?, halves.next().unwrap_or_default());
        let name = after(ours, "-p").unwrap_or("llama3-from-scratch");
        let Some(package) = self.package(name) else {
            return Some(format!("there is no crate {name}"));
        };
        for kind in ["example", "test", "bench", "bin"] {
            let named = after(ours, &format!("--{kind}"));
            if let Some(name) = named.filter(|name| !has_target(package, kind, name)) {
                return Some(format!("there is no {kind} {name}"));
            }
        }
        let mut features = after(ours, "--features").into_iter().flat_map(|list| list.split(','));
        if let Some(feature) = features.find(|name| package["features"][name].is_null()) {
            return Some(format!("there is no feature {feature}"));
        }
        match ours.first() {
            Some(&"run") if flags(theirs).is_empty() => None,
            Some(&"run") => {
                let help = self.help(ours, theirs);
                let unknown = flags(theirs).into_iter().find(|flag| !has_flag(help, flag));
                unknown.map(|flag| format!("{flag} is not in its --help"))
            }
            Some(&"test" | &"bench" | &"doc" | &"build" | &"clippy" | &"fmt") => None,
            other => Some(format!("cargo {other:?} is not checked")),
        }
    }

    fn package(&self, name: &str) -> Option<&Value> {
        let arguments = ["metadata", "--no-deps", "--format-version", "1"];
        let ask = || serde_json::from_str(&answer(&arguments)).unwrap();
        let crates = self.crates.get_or_init(ask)["packages"].as_array()?;
        crates.iter().find(|package| package["name"] == name)
    }

    /// What a program, or one of its commands, says about its options.
    fn help(&mut self, ours: &[&str], theirs: &[&str]) -> &str {
        let mut arguments: Vec<&str> =
            ours.iter().copied().filter(|word| *word != "--quiet").collect();
        // A feature may need a GPU's tools; the options are the same without it.
        if let Some(at) = arguments.iter().position(|word| *word == "--features") {
            arguments.drain(at..arguments.len().min(at + 2));
        }
        arguments.insert(1, "--quiet");
        arguments.push("--");
        let is_of_the_book = after(ours, "-p") == Some("llama3-book");
        arguments.extend(theirs.first().filter(|word| is_of_the_book && !word.starts_with('-')));
        arguments.push("--help");
        let key = arguments.iter().map(|word| word.to_string()).collect();
        self.helps.entry(key).or_insert_with(|| answer(&arguments))
    }
}

fn has_target(package: &Value, kind: &str, name: &str) -> bool {
    let mut targets = package["targets"].as_array().unwrap().iter();
    targets.any(|target| target["name"] == name && target["kind"][0] == kind)
}

/// What cargo prints.
fn answer(arguments: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo.args(arguments).current_dir(root()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?} fails:\n{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The words of a shell line; quotes hold one together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (' ', None) => words.push(String::new()),
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn after<'a>(words: &[&'a str], option: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| *word == option)?;
    words.get(at + 1).copied()
}

fn flags<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let names = words.iter().map(|word| word.split('=').next().unwrap());
    names.filter(|word| word.starts_with("--") && word.len() > 2).collect()
}

fn has_flag(help: &str, flag: &str) -> bool {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    help.split(ends).any(|word| word == flag)
}

/// A script: it is there, and its text knows each option.
fn script(file: &str, words: &[&str]) -> Option<String> {
    let Ok(text) = std::fs::read_to_string(root().join(file)) else {
        return Some(format!("there is no {file}"));
    };
    let unknown = flags(words).into_iter().find(|flag| *flag != "--help" && !has_flag(&text, flag));
    unknown.map(|flag| format!("{file} does not know {flag}"))
}

#[test]
fn wrong_commands_are_found() {
    let mut commands = Commands::default();
    let wrong = [
        "cargo run --release --example predict_43",
        "cargo test --test no_such",
        "cargo run -p no-such-crate",
        "cargo run -p llama3-benches --bin no_such",
        "cargo run --features rocm",
        "notebooks/close",
        "notebooks/refresh --nonsense",
        "cargo run --release --example predict_42 -- --no-such-flag",
        "teleport",
    ];
    for command in wrong {
        assert!(commands.problem(command).is_some(), "{command}");
    }
    assert_eq!(commands.problem("LLAMA3_MODEL=a cargo test --release"), None);
    assert_eq!(words("a \"b c\" 'd'"), ["a", "b c", "d"]);
}
