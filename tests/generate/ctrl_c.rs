//! Ctrl-C is a signal, which these tests send as a terminal would.

use super::*;
use std::io::{BufRead, BufReader, Read};
use std::process::Command;

/// Endless but for the signal.
const LONG: [&str; 6] = ["--prompt", "Once", "--max-tokens", "8000", "--temperature", "0"];

fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

#[test]
fn finishes_the_line_and_says_what_was_made() {
    let mut child = started(&[&TINY, &LONG[..]].concat(), Stdio::null());
    let mut begin = [0; 40];
    child.stdout.as_mut().unwrap().read_exact(&mut begin).unwrap();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let stderr = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    let text = String::from_utf8([&begin[..], &output.stdout].concat()).unwrap();
    assert!(text.ends_with('\n'));
    assert!(stderr.contains("Stopped  before the end of the text"), "{stderr}");
    assert!(stderr.contains("Memory"), "{stderr}");
    // What was written is the beginning of what would have been.
    let n_tokens = (decoded(&output) + 1).to_string();
    let same = [&LONG[..2], &["--max-tokens", &n_tokens, "--temperature", "0"]].concat();
    assert_eq!(text.trim_end_matches('\n'), of_tiny(&same).trim_end_matches('\n'));
}

#[test]
fn gives_up_a_prompt_that_is_being_read() {
    llama3_tokenizer();
    let prompt = "word ".repeat(400);
    let arguments = ["--rehearse", "llama-3.2-1b", "--prompt", &prompt];
    let mut child = started(&arguments, Stdio::null());
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    stderr.read_line(&mut text).unwrap();
    assert!(text.starts_with("Model    rehearsal:llama-3.2-1b"), "{text}");
    interrupt(&child);
    stderr.read_to_string(&mut text).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(output.stdout.is_empty());
    assert!(text.contains("while the prompt was being read"), "{text}");
}

#[test]
fn nobody_reads_any_more() {
    let mut child = started(&[&TINY, &LONG[..]].concat(), Stdio::null());
    let mut begin = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut begin).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    // It ends at once and quietly, as programs in a pipe do.
    assert!(!stderr.contains("panicked") && !stderr.contains("Decode"), "{stderr}");
}
