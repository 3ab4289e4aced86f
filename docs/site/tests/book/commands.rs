//! The commands that a reader is told to type: each program, file and option exists.

use super::page::{Page, root};
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
    let starts = [
        "cargo ",
        "notebooks/",
        "weights/",
        "benches/",
        "python3 ",
        ".ci/",
    ];
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
    commands
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

fn is_shell(language: &str) -> bool {
    ["", "sh", "bash", "shell", "console"].contains(&language)
}

/// A file that can be run, or that Python runs.
fn is_program(path: &str) -> bool {
    let file = root().join(path);
    path == "python3" || file.is_file() && file.extension().is_none()
}

/// What is wrong with a command, if anything.
pub fn problem(command: &str, helps: &mut Helps) -> Option<String> {
    let words: Vec<String> = words(command);
    let is_setting =
        |word: &&String| word.split('=').next().is_some_and(is_variable) && word.contains('=');
    let words: Vec<&str> = words
        .iter()
        .skip_while(is_setting)
        .map(String::as_str)
        .collect();
    match words.as_slice() {
        [] | ["export", ..] => None,
        ["cargo", rest @ ..] => cargo(rest, helps),
        ["python3", "-m", ..] => None,
        ["python3", file, rest @ ..] => script(file, rest),
        [program, ..] if OTHERS.contains(&program.rsplit('/').next().unwrap()) => None,
        [file, rest @ ..] if is_program(file) => script(file, rest),
        [program, ..] => Some(format!("no such program: {program}")),
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
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
    names
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .collect()
}

fn cargo(words: &[&str], helps: &mut Helps) -> Option<String> {
    let end = words
        .iter()
        .position(|word| *word == "--")
        .unwrap_or(words.len());
    let (ours, theirs) = words.split_at(end);
    for (option, places) in [
        ("--example", ["examples/{}.rs", "examples/{}/main.rs"]),
        ("--test", ["tests/{}.rs", "tests/{}/main.rs"]),
        ("--bench", ["benches/{}.rs", "benches/{}/main.rs"]),
        ("--manifest-path", ["{}", "{}"]),
    ] {
        if let Some(name) = after(ours, option) {
            let exists = |place: &&str| root().join(place.replace("{}", name)).is_file();
            if !places.iter().any(exists) {
                return Some(format!("{option} {name} does not exist"));
            }
        }
    }
    if let Some(features) = after(ours, "--features") {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let (_, known) = manifest.split_once("[features]").unwrap();
        let unknown = features
            .split(',')
            .find(|f| !known.contains(&format!("\n{f} = [")));
        if let Some(feature) = unknown {
            return Some(format!("there is no feature {feature}"));
        }
    }
    match ours.first() {
        Some(&"run") if flags(theirs).is_empty() => None,
        Some(&"run") => {
            let help = helps.of(ours, theirs);
            let unknown = flags(theirs)
                .into_iter()
                .find(|flag| !has_flag(&help, flag));
            unknown.map(|flag| format!("{flag} is not in its --help"))
        }
        Some(&"test" | &"bench" | &"doc" | &"build" | &"clippy" | &"fmt") => None,
        other => Some(format!("cargo {other:?} is not checked")),
    }
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
    let unknown = flags(words)
        .into_iter()
        .find(|flag| *flag != "--help" && !has_flag(&text, flag));
    unknown.map(|flag| format!("{file} does not know {flag}"))
}

/// What programs say about themselves, each asked once.
#[derive(Default)]
pub struct Helps(HashMap<String, String>);

impl Helps {
    fn of(&mut self, ours: &[&str], theirs: &[&str]) -> String {
        let mut arguments: Vec<&str> = ours
            .iter()
            .copied()
            .filter(|word| *word != "--quiet")
            .collect();
        // A feature may need a GPU's tools; the options are the same without it.
        if let Some(at) = arguments.iter().position(|word| *word == "--features") {
            arguments.drain(at..arguments.len().min(at + 2));
        }
        arguments.insert(1, "--quiet");
        arguments.push("--");
        // docs/site has commands, each with options of its own.
        let is_command =
            |word: &&&str| after(ours, "--manifest-path").is_some() && !word.starts_with('-');
        arguments.extend(theirs.iter().skip(1).take(1).filter(is_command));
        arguments.push("--help");
        let key = arguments.join(" ");
        self.0
            .entry(key.clone())
            .or_insert_with(|| help(&arguments, &key))
            .clone()
    }
}

fn help(arguments: &[&str], key: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {key} fails:\n{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn wrong_commands_are_found() {
    let mut helps = Helps::default();
    let wrong = [
        "cargo run --release --example predict_43",
        "cargo test --test no_such",
        "cargo run --features rocm",
        "notebooks/close",
        "notebooks/refresh --nonsense",
        "cargo run --release --example predict_42 -- --no-such-flag",
        "teleport",
    ];
    for command in wrong {
        assert!(problem(command, &mut helps).is_some(), "{command}");
    }
    assert_eq!(
        problem("LLAMA3_MODEL=a cargo test --release", &mut helps),
        None
    );
    assert_eq!(words("a \"b c\" 'd'"), ["a", "b c", "d"]);
}
