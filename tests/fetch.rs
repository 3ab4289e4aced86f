//! weights/fetch.py, in a sandbox: a copy of the script fetches into its own directory. And the
//! programs, started somewhere else.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const TOKENIZER: &str = "llama3-tokenizer/tokenizer.model";

fn sandbox() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/fetch.py");
    fs::copy(script, dir.path().join("fetch.py")).unwrap();
    dir
}

fn fetch(dir: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new("python3");
    command.arg(dir.join("fetch.py")).args(arguments).envs(environment.iter().copied());
    command.output().unwrap()
}

fn stderr(output: &Output) -> String {
    assert!(output.stdout.is_empty(), "the script keeps stdout clean");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Everything in the directory but the script, its lock, and what belongs there.
fn left_over(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().flatten().map(|e| e.file_name().into_string().unwrap());
    let known = ["fetch.py", ".fetch.lock", "llama3-tokenizer"];
    names.filter(|name| !known.contains(&name.as_str())).collect()
}

#[test]
fn fetches_once_checks_and_mends() {
    let dir = sandbox();
    let first = fetch(dir.path(), &["tokenizer"], &[]);
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(stderr(&first).contains("SHA-256 checked"), "{}", stderr(&first));
    let file = dir.path().join(TOKENIZER);
    assert_eq!(fs::metadata(&file).unwrap().len(), 2_183_982);
    assert_eq!(left_over(dir.path()), Vec::<String>::new());

    let again = fetch(dir.path(), &["tokenizer"], &[("PIP_INDEX_URL", "invalid")]);
    assert!(again.status.success(), "a second run needs no network: {}", stderr(&again));

    let mut spoilt = fs::read(&file).unwrap();
    spoilt[1000] ^= 1;
    fs::write(&file, &spoilt).unwrap();
    let checked = fetch(dir.path(), &["--check", "tokenizer"], &[]);
    assert!(
        !checked.status.success() && stderr(&checked).contains("damaged"),
        "{}",
        stderr(&checked)
    );

    fs::write(&file, &spoilt[..5]).unwrap();
    let mended = fetch(dir.path(), &["tokenizer"], &[]);
    assert!(mended.status.success() && stderr(&mended).contains("damaged"), "{}", stderr(&mended));
    assert_eq!(fs::metadata(&file).unwrap().len(), 2_183_982);
}

#[test]
fn without_a_network_it_says_what_to_do() {
    let dir = sandbox();
    let environment = [("PIP_INDEX_URL", "invalid"), ("PIP_RETRIES", "0"), ("PIP_NO_INDEX", "1")];
    let output = fetch(dir.path(), &["tokenizer"], &environment);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    for word in ["Could not fetch", "pip download", "llama-models==0.3.0", TOKENIZER] {
        assert!(text.contains(word), "expected {word:?} in: {text}");
    }
    assert!(!dir.path().join(TOKENIZER).exists());
    assert_eq!(left_over(dir.path()), Vec::<String>::new());
}

#[test]
fn two_at_once_bring_one_whole_file() {
    let dir = sandbox();
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let start = || scope.spawn(|| fetch(dir.path(), &["tokenizer"], &[]));
        let (one, other) = (start(), start());
        [one, other].into_iter().map(|run| run.join().unwrap()).collect()
    });
    for output in &outputs {
        assert!(output.status.success(), "{}", stderr(output));
    }
    let checked = fetch(dir.path(), &["--check", "tokenizer"], &[]);
    assert!(checked.status.success(), "{}", stderr(&checked));
    assert_eq!(left_over(dir.path()), Vec::<String>::new());
}

/// Outside a checkout the models are among the user's data, and are fetched there as well.
#[test]
fn in_another_directory_the_models_are_among_the_users_data() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let generate = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command
            .args(["run", "--release", "--quiet", "--example", "generate"])
            .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "--"])
            .args(arguments)
            .current_dir(dir.path())
            .env_remove("LLAMA3_WEIGHTS")
            .env("XDG_DATA_HOME", &data);
        command.output().unwrap()
    };
    let error =
        String::from_utf8(generate(&["--model", "none", "--prompt", "The"]).stderr).unwrap();
    let place = data.join("llama3-from-scratch");
    assert!(error.contains(&format!("in {} there are: no models", place.display())), "{error}");

    let output =
        generate(&["--rehearse", "llama-3-8b:1", "--raw", "--prompt", "The", "--max-tokens", "1"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert!(error.contains(&format!("{}", place.join(TOKENIZER).display())), "{error}");
    assert_eq!(fs::metadata(place.join(TOKENIZER)).unwrap().len(), 2_183_982);
}
