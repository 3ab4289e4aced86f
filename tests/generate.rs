//! The example that writes text, as a person runs it.

#[path = "generate/bad_input.rs"]
mod bad_input;
mod common;
#[cfg(unix)]
#[path = "generate/ctrl_c.rs"]
mod ctrl_c;
#[path = "generate/profile.rs"]
mod profile;
#[path = "generate/terminal.rs"]
mod terminal;

// What the examples are made of, with its own tests.
#[path = "../examples/shared/pretty.rs"]
#[allow(dead_code)]
mod pretty;
#[path = "../examples/generate/printout.rs"]
mod printout;
#[path = "../examples/shared/progress.rs"]
#[allow(dead_code)]
mod progress;

use common::*;
use llama3::prelude::*;
use std::io::Write;
use std::process::{Child, ChildStdin, Output, Stdio};

/// A model of random weights that takes no time.
const TINY: [&str; 3] = ["--rehearse", "tiny", "--raw"];

fn generate(arguments: &[&str]) -> Output {
    example("generate").args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Stdout of a run that must succeed, without the line end that is added to a text.
#[track_caller]
fn written(arguments: &[&str]) -> String {
    let output = generate(arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    text.strip_suffix('\n').expect("a line end").to_string()
}

#[track_caller]
fn of_tiny(arguments: &[&str]) -> String {
    written(&[&TINY, arguments].concat())
}

/// The texts of a batch, taken apart at the lines between them.
fn pages(batch: &str, seeds: &[u64]) -> Vec<String> {
    let mut rest = batch;
    let mut pages = vec![];
    for (i, seed) in seeds.iter().enumerate() {
        let header = format!("── {} of {}, seed {seed} ──\n", i + 1, seeds.len());
        let (before, after) = rest.split_once(&header).expect(&header);
        pages.push(before.strip_suffix('\n').unwrap_or(before).to_string());
        rest = after;
    }
    pages.push(rest.to_string());
    assert_eq!(pages.remove(0), "", "nothing before the first");
    pages
}

#[test]
fn greedy_text_is_the_librarys() {
    let checkpoint = Checkpoint::rehearsal("tiny").unwrap();
    let (model, tokenizer) = (Transformer::new(&checkpoint), checkpoint.tokenizer());
    let (model, tokenizer) = (model.unwrap(), tokenizer.unwrap());
    let ids = model.greedy(&tokenizer.prompt("Once upon a time"), 20);
    let expected = tokenizer.decode(&ids.unwrap()).unwrap();
    let options = ["--prompt", "Once upon a time", "--max-tokens", "20"];
    let greedy = of_tiny(&[&options[..], &["--temperature", "0"]].concat());
    assert_eq!(greedy, expected);
    let one = of_tiny(&[&options[..], &["--temperature", "2", "--top-k", "1"]].concat());
    assert_eq!(one, expected, "the likeliest of one token");
    let narrow = of_tiny(&[&options[..], &["--temperature", "2", "--top-p", "1e-6"]].concat());
    assert_eq!(narrow, expected, "the fewest tokens that reach next to nothing");
}

#[test]
fn the_default_model_answers_and_stops() {
    let expected = &json(data("smollm2.json"))["prompts"][3];
    let model = default_model();
    let tokenizer = Checkpoint::open(&model).unwrap().tokenizer().unwrap();
    let greedy = ids(&expected["greedy"]);
    let stop = (greedy.iter()).position(|id| tokenizer.stop_tokens().contains(id));
    let answer = tokenizer.decode(&greedy[..stop.unwrap()]).unwrap();
    let model = model.to_string_lossy();
    let question = ["--model", &*model, "--prompt", "What is 2+2?"];
    let question = [&question[..], &["--temperature", "0", "--max-tokens", "20"]].concat();
    assert_eq!(written(&question), answer);
    // Its own system message changes nothing, another one does, and so does no chat at all.
    let own = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";
    let with = |more: &[&str]| written(&[&question, more].concat());
    assert_eq!(with(&["--system", own]), answer);
    assert_eq!(with(&["--chat"]), answer);
    assert_ne!(with(&["--system", "Answer with a poem."]), answer);
    assert_ne!(with(&["--raw"]), answer);
}

/// The chat template decides, or else what is asked for; a line says which, and why.
#[test]
fn it_says_whether_it_answers_or_continues() {
    let short = ["--prompt", "Hi", "--max-tokens", "1"];
    for (more, line) in [
        (&[][..], "Prompt   is answered: its files hold a chat template"),
        (&["--raw"], "Prompt   is continued: --raw says so"),
        (&["--system", "Be brief."], "Prompt   is answered: as asked for"),
        (&["--rehearse", "tiny"], "Prompt   is continued: random weights"),
    ] {
        let output = generate(&[&short, more].concat());
        assert!(stderr(&output).contains(line), "{}", stderr(&output));
    }
}

#[test]
fn the_seed_decides() {
    let options = ["--prompt", "Once", "--max-tokens", "12"];
    let text = |seed| of_tiny(&[&options[..], &["--seed", seed]].concat());
    assert_eq!(text("7"), text("7"));
    assert_ne!(text("7"), text("8"));
    assert_eq!(of_tiny(&options), text("42"));
}

#[test]
fn a_batch_is_as_many_single_runs() {
    let options = ["--prompt", "Once upon a time", "--max-tokens", "16"];
    let single = |seed: u64| of_tiny(&[&options[..], &["--seed", &seed.to_string()]].concat());
    let seeds = [7, 8, 9];
    let batch = of_tiny(&[&options[..], &["--seed", "7", "--batch", "3"]].concat());
    assert_eq!(pages(&batch, &seeds), seeds.map(single));

    let greedy = [&options[..], &["--temperature", "0"]].concat();
    let batch = of_tiny(&[&greedy[..], &["--batch", "3"]].concat());
    let alone = of_tiny(&greedy);
    assert_eq!(pages(&batch, &[42, 43, 44]), vec![alone; 3]);
}

#[test]
fn one_text_ends_and_the_others_go_on() {
    let model = default_model();
    let model = model.to_string_lossy();
    let options = ["--model", &*model, "--prompt", "Say hi.", "--temperature"];
    let options = [&options[..], &["1", "--max-tokens", "24"]].concat();
    let seeds = [42, 43, 44];
    let singles = seeds.map(|seed| {
        let output = generate(&[&options[..], &["--seed", &seed.to_string()]].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (text.trim_end_matches('\n').to_string(), decoded(&output))
    });
    let all = singles.clone().map(|(_, n_tokens)| n_tokens);
    assert!(all.iter().any(|&n| n < 23), "one of {all:?} ends early");
    assert!(all.contains(&23), "and one of {all:?} does not");
    let output = generate(&[&options[..], &["--batch", "3"]].concat());
    assert_eq!(decoded(&output), all.iter().sum::<usize>());
    let batch = String::from_utf8_lossy(&output.stdout);
    let texts = pages(batch.trim_end_matches('\n'), &seeds);
    assert_eq!(texts, singles.map(|(text, _)| text));
}

/// How many tokens the summary says were made after the first.
fn decoded(output: &Output) -> usize {
    let stderr = stderr(output);
    let line = stderr.lines().find_map(|line| line.strip_prefix("Decode"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect(&stderr)
}

/// Bytes that wait for the rest of their character come before an id that has no text.
#[test]
fn bytes_that_wait_keep_their_place() {
    let tokenizer = Tokenizer::from_tiktoken_file(llama3_tokenizer(), Llama3Specials::Llama3);
    let tokenizer = tokenizer.unwrap();
    let llama = tokenizer.encode("🦙");
    let nothing = 130_000;
    let all = |ids: &[u32]| {
        let mut printout = printout::Printout::new(&tokenizer, 1, 42);
        let added: String = ids.iter().map(|&id| printout.add(0, id)).collect();
        added + &printout.finish()
    };
    assert!(llama.len() > 1, "several tokens for one character");
    assert_eq!(all(&llama), "🦙\n");
    assert_eq!(all(&llama[..1]), "�\n");
    let x = tokenizer.encode("x")[0];
    assert_eq!(all(&[llama[0], nothing, x]), "�<unused 130000>x\n");
}

#[test]
fn a_prompt_may_begin_with_a_hyphen() {
    let text = |prompt: &str| {
        let output = generate(&[&TINY, &["--max-tokens", "1", "--prompt", prompt][..]].concat());
        (output.status.code(), stderr(&output))
    };
    for prompt in ["- milk", "-1 and 2", "--help me", "-5"] {
        let (code, stderr) = text(prompt);
        assert_eq!(code, Some(0), "{prompt:?}: {stderr}");
    }
}

#[test]
fn the_prompt_from_stdin() {
    let options = ["--prompt", "Once upon a time\nthere", "--max-tokens", "8"];
    let expected = of_tiny(&options);
    let arguments = [&TINY, &["--prompt", "-", "--max-tokens", "8"][..]].concat();
    let typed = "Once upon a time\nthere";
    let piped_as = |bytes: &[u8]| {
        let output = piped(&arguments, |stdin| stdin.write_all(bytes).unwrap());
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{expected}\n"), "{bytes:?}");
    };
    for line_end in ["\n", "\r\n", ""] {
        piped_as(format!("{typed}{line_end}").as_bytes());
    }
    // Some shells put a byte order mark before what they pipe, and some pipe UTF-16.
    let marked = format!("\u{feff}{typed}\r\n");
    piped_as(marked.as_bytes());
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        piped_as(&marked.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>());
    }
    let arguments = [&TINY, &["--prompt", "-"][..]].concat();
    for (bytes, word) in [
        (&b"\n"[..], "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (b"\xff\xfe\r\0\n\0", "empty"),
        (b"\xff\xfeh\0i\0\x3e\xd8", "not UTF-16 (byte 6)"), // half of 🦙
        (b"\xfe\xff\0h\0i\0", "not UTF-16 (byte 6)"),
        (b"\xff\xfe\0\0h\0\0\0", "iconv -f UTF-32 -t UTF-8"),
        (b"\xef\xbb\xbfcaf\xe9", "not UTF-8 (byte 6)"),
        (b"caf\xe9", "not UTF-8 (byte 3)"),
        (b"caf\xe9 au lait", "iconv -f LATIN1 -t UTF-8"),
    ] {
        let output = piped(&arguments, |stdin| stdin.write_all(bytes).unwrap());
        assert_eq!(output.status.code(), Some(2));
        let stderr = stderr(&output);
        assert!(stderr.contains(word) && stderr.contains("stdin"), "{stderr}");
    }
}

fn piped(arguments: &[&str], write: impl FnOnce(&mut ChildStdin)) -> Output {
    let mut child = started(arguments, Stdio::piped());
    write(&mut child.stdin.take().unwrap());
    child.wait_with_output().unwrap()
}

fn started(arguments: &[&str], stdin: Stdio) -> Child {
    let mut command = example("generate");
    let command = command.args(arguments).stdin(stdin);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}
