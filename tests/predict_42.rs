//! The example as a person or a script runs it.

mod common;

use common::*;
use serde_json::Value;
use std::process::{Output, Stdio};

fn predict_42(arguments: &[&str]) -> Output {
    example("predict_42").args(arguments).output().unwrap()
}

fn json_of(arguments: &[&str]) -> Value {
    let output = predict_42(&[arguments, &["--json"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).expect("one JSON object on stdout and nothing else")
}

#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    let output = predict_42(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(output.stdout.is_empty(), "stdout: {}", String::from_utf8_lossy(&output.stdout));
    for word in words {
        assert!(stderr.contains(word), "expected {word:?} in: {stderr}");
    }
}

#[test]
fn the_answer_is_42() {
    default_model();
    let output = predict_42(&[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    assert_eq!(text.lines().rfind(|line| line.starts_with("Answer: ")), Some("Answer: 42"));
    // Honest about the bare prompt, and about which model this is.
    assert!(text.contains("SmolLM2-135M-Instruct") && text.contains("That is not 42"));
    assert!(text.contains("layer 30/30"));
}

#[test]
fn the_json_object() {
    let model = default_model();
    let object = json_of(&["--model", &model.to_string_lossy(), "--steps", "6"]);
    assert_eq!(object["answer"], "42");
    assert_eq!(object["format"], "gguf");
    let expected = &json(data("smollm2.json"))["prompts"][1];
    assert_eq!(object["prompt"], expected["text"]);
    assert_eq!(object["tokens"], expected["ids"]);
    assert_eq!(ids(&object["greedy"]), ids(&expected["greedy"])[..6]);
    let top = object["top"].as_array().unwrap();
    assert_eq!((top.len(), &top[0]["text"]), (10, &Value::from("4")));
    assert_eq!(top[0]["id"], expected["top20"][0]["id"]);
    assert!(top[0]["prob"].as_f64().unwrap() > 0.85 && top[0]["logit"].as_f64().unwrap() > 33.0);
    assert_eq!(object["argmax"].as_array().unwrap().len(), 33);
    assert!(object["seconds"].as_f64().unwrap() > 0.0);
    assert!(object["peak_rss_bytes"].as_u64().unwrap() < 2 << 30);
    assert_eq!(object["tries"].as_array().unwrap().len(), 2, "the bare prompt was tried first");
}

#[test]
fn token_ids_need_no_tokenizer() {
    let dir = oracles().join("mqa_hd16");
    let expected = json(dir.join("expected.json"));
    for prompt in expected["prompts"].as_array().unwrap() {
        let list: Vec<String> = ids(&prompt["tokens"]).iter().map(u32::to_string).collect();
        let meta = dir.join("meta");
        let arguments = [
            "--model",
            &meta.to_string_lossy(),
            "--tokens",
            &list.join(","),
            "--top",
            "0",
            "--steps",
            "24",
        ];
        let object = json_of(&arguments);
        assert_eq!(ids(&object["argmax"]), ids(&prompt["argmax"]));
        assert_eq!(ids(&object["greedy"]), ids(&prompt["greedy"]));
        let top = object["top"].as_array().unwrap();
        assert_eq!(top.len(), 500, "--top 0 lists the whole vocabulary");
        let logits = floats(&prompt["last_logits"]);
        for candidate in top {
            let id = candidate["id"].as_u64().unwrap() as usize;
            assert!((candidate["logit"].as_f64().unwrap() as f32 - logits[id]).abs() < 2e-4);
        }
        assert!(object["prompt"].is_null() && top[0]["text"].is_null());
    }
}

#[test]
fn a_prompt_of_ones_own_and_a_rehearsal() {
    let model = default_model();
    let object =
        json_of(&["--model", &model.to_string_lossy(), "--prompt", "The capital of France is"]);
    assert_eq!(object["answer"], "Paris");
    assert_eq!(object["tries"].as_array().unwrap().len(), 1);
    let object = json_of(&["--rehearse", "tiny", "--tokens", "1,2,3", "--steps", "0"]);
    assert_eq!(
        (&object["format"], &object["greedy"]),
        (&"rehearsal".into(), &Value::Array(vec![]))
    );
}

#[test]
fn bad_options_and_bad_models() {
    refused(&["--no-such-option"], &["--no-such-option"]);
    refused(&["--model", "no-such-model"], &["no-such-model", "weights/README.md"]);
    refused(&["--rehearse", "llama-9"], &["llama-9", "llama-3-8b"]);
    refused(&["--rehearse", "tiny", "--tokens", "1,x"], &["x"]);
    refused(&["--rehearse", "tiny", "--tokens", "99999999"], &["99999999", "vocabulary"]);
    refused(&["--rehearse", "tiny", "--model", "x"], &["--model"]);
    let model = default_model();
    refused(&["--model", &model.to_string_lossy(), "--prompt", ""], &["empty"]);
    let oracle = oracles().join("mqa_hd16/hf");
    refused(&["--model", &oracle.to_string_lossy()], &["tokenizer", "token ids"]);
}

#[test]
fn a_prompt_may_begin_with_a_hyphen() {
    let model = default_model();
    for prompt in ["- milk", "-1 and 2", "--help me"] {
        let arguments = ["--model", &model.to_string_lossy(), "--prompt", prompt, "--steps", "1"];
        assert_eq!(json_of(&arguments)["prompt"], prompt);
    }
}

/// More tokens than the model was made for are refused before any work; asking for more than fit
/// gives those that fit.
#[test]
fn the_context_ends() {
    let dir = tempfile::tempdir().unwrap();
    let oracle = oracles().join("mqa_hd16/meta");
    for file in std::fs::read_dir(oracle).unwrap().flatten() {
        std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    let mut params = json(dir.path().join("params.json"));
    params["max_seq_len"] = 6.into();
    std::fs::write(dir.path().join("params.json"), params.to_string()).unwrap();
    let model = ["--model", &*dir.path().to_string_lossy(), "--tokens"];
    refused(&[&model[..], &["1,2,3,4,5,6,7"]].concat(), &["7 tokens", "made for 6"]);
    let greedy = |tokens, steps| {
        let options = [tokens, "--steps", steps];
        ids(&json_of(&[&model[..], &options].concat())["greedy"])
    };
    let all = greedy("1,2,3", "4");
    assert_eq!(all.len(), 4, "the sixth position is read for the last one");
    assert_eq!(greedy("1,2,3", "9000"), all);
    assert_eq!(greedy("1,2,3,4,5,6", "4").len(), 1);
    let more = predict_42(&[&model[..], &["1,2,3", "--steps", "5"]].concat());
    let stderr = String::from_utf8_lossy(&more.stderr);
    assert!(stderr.contains("--steps 5") && stderr.contains("room for 4"), "{stderr}");
}

/// A prompt that is read in pieces: the last one is shown, and the guesses are the whole prompt's.
#[test]
fn a_long_prompt() {
    let tokens: Vec<String> = (0..100).map(|id| (id % 90).to_string()).collect();
    let tokens = ["--rehearse", "tiny", "--tokens", &tokens.join(",")];
    let output = predict_42(&[&tokens[..], &["--top", "1", "--steps", "1"]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    let shown = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert_eq!(shown("the last 36 tokens, after the 64 before them"), 1);
    assert_eq!(shown("a row of the embedding table per token"), 1);
    assert_eq!(shown("layer  1/2 best guess"), 1);
    let guess = text.split("layer  2/2 best guess ").nth(1).unwrap();
    let guess = guess.split(" (").next().unwrap();
    let best = text.split("most probable\n").nth(1).unwrap();
    assert!(best.lines().next().unwrap().contains(guess), "{text}");
}

/// Whoever has seen enough, and whose disk is full: no panic, no backtrace.
#[test]
#[cfg(target_os = "linux")]
fn a_closed_pipe_and_a_full_disk() {
    for (program, arguments) in [
        ("predict_42", &["--rehearse", "tiny", "--tokens", "1,2"][..]),
        ("generate", &["--rehearse", "tiny", "--raw", "--prompt", "a", "--max-tokens", "40"][..]),
    ] {
        let mut command = example(program);
        let child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{program}: {stderr}");
        assert!(!stderr.contains("error") && !stderr.contains("panicked"), "{stderr}");

        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = example(program).args(arguments).stdout(full).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{program}: {stderr}");
        let words = "error: stdout: No space left on device";
        assert!(stderr.contains(words) && !stderr.contains("panicked"), "{stderr}");
    }
}
