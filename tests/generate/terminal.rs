//! What a terminal is spared: characters of a model that would steer it.

use super::*;
use serde_json::json;
use std::path::Path;
use std::process::Command;

#[test]
fn what_steers_a_terminal_is_shown_as_a_picture() {
    let visible = |text| pretty::visible(text);
    assert_eq!(visible("\x1b[2J\x07\0\r\x7f"), "␛[2J␇␀␍␡");
    assert_eq!(visible("\u{9b}2J"), "\u{fffd}2J");
    let plain = "a\tb\n你好 🦙 é\u{a0}";
    assert_eq!(visible(plain), plain);
}

/// A model of zeros finds all tokens equally likely and takes the first, which is the byte 0.
fn model_of_zeros(dir: &Path) {
    let config = Config {
        dim: 8,
        n_layers: 1,
        n_heads: 1,
        n_kv_heads: 1,
        head_dim: 8,
        hidden_dim: 8,
        vocab_size: 256,
        ..Config::named("tiny").unwrap()
    };
    Checkpoint::rehearsal_of(config, 0).unwrap().write(dir, &|_| ()).unwrap();
    let weights = dir.join("consolidated.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let header = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    bytes[8 + header..].fill(0);
    std::fs::write(weights, bytes).unwrap();
    let printable = |byte: &u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let others = (0..256).filter(|byte| !printable(byte));
    let mut vocab: serde_json::Map<String, serde_json::Value> = Default::default();
    for (character, byte) in (256..).zip(others).chain((0..256).filter(printable).map(|b| (b, b))) {
        vocab.insert(char::from_u32(character).unwrap().into(), byte.into());
    }
    let tokenizer = json!({
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Digits", "individual_digits": true},
            {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
        ]},
        "model": {"type": "BPE", "vocab": vocab, "merges": []},
    });
    std::fs::write(dir.join("tokenizer.json"), tokenizer.to_string()).unwrap();
}

#[test]
fn a_pipe_gets_the_very_text_and_a_terminal_does_not() {
    let dir = tempfile::tempdir().unwrap();
    model_of_zeros(dir.path());
    let model = dir.path().to_string_lossy().into_owned();
    let arguments = ["--model", &model, "--prompt", "a", "--temperature", "0", "--max-tokens", "3"];
    assert_eq!(written(&arguments), "\0\0\0");
    if cfg!(unix) {
        let program = example("generate").get_program().to_owned();
        let mut python = Command::new("python3");
        python.args(["-c", "import pty, sys; pty.spawn(sys.argv[1:])"]).arg(program);
        let output = python.args(arguments).stdin(Stdio::null()).output().unwrap();
        let seen = String::from_utf8_lossy(&output.stdout);
        assert!(seen.contains("␀␀␀\r\n") && !seen.contains('\0'), "{seen:?}");
    }
}
