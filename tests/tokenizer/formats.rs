//! The same vocabulary gives the same ids from every kind of file. The files are made here.

use super::{GGUF, LLAMA3, ORACLE, SMOLLM2, SMOLLM2_ORACLE, check_case, common, list};
use base64::Engine as _;
use candle_core::quantized::gguf_file::Value as Gguf;
use llama3::tokenizer::{Message, Tokenizer};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// Writes a file that lives as long as the directory.
pub fn write(name: &str, content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    (dir, path)
}

pub fn open_json(json: &Value) -> llama3::Result<Tokenizer> {
    let (_dir, path) = write("tokenizer.json", json.to_string());
    Tokenizer::from_hugging_face_file(path)
}

pub fn texts(key: &str) -> Vec<&'static str> {
    let Gguf::Array(values) = &GGUF[key] else {
        panic!("{key} is an array");
    };
    values.iter().map(|value| value.to_string().unwrap().as_str()).collect()
}

/// SmolLM2's `tokenizer.json`, from what its GGUF file says.
pub fn smollm2_json() -> Value {
    let tokens = texts("tokenizer.ggml.tokens");
    let ids: HashMap<&str, usize> = tokens.iter().enumerate().map(|(id, &t)| (t, id)).collect();
    let added = tokens.iter().enumerate().take(17);
    json!({
        "added_tokens": added
            .map(|(id, token)| json!({"id": id, "content": token, "special": true}))
            .collect::<Vec<_>>(),
        "normalizer": null,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Digits", "individual_digits": true},
            {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
        ]},
        "model": {
            "type": "BPE",
            "byte_fallback": false,
            "vocab": ids,
            "merges": texts("tokenizer.ggml.merges"),
        },
    })
}

fn check_smollm2(tokenizer: &Tokenizer) {
    for group in ["tokenizer_cases", "digit_split_cases", "prompts"] {
        for case in list(&SMOLLM2_ORACLE[group]) {
            check_case(tokenizer, case);
        }
    }
    assert_eq!(tokenizer.special_tokens(), SMOLLM2.special_tokens());
    assert_eq!(tokenizer.stop_tokens(), SMOLLM2.stop_tokens());
    assert_eq!(tokenizer.bos(), None);
    assert_eq!(tokenizer.encode("!\x04! 你\u{50000}"), SMOLLM2.encode("!\x04! 你\u{50000}"));
}

#[test]
fn smollm2_from_a_tokenizer_json() {
    let mut json = smollm2_json();
    check_smollm2(&open_json(&json).unwrap());

    // Newer files write a merge as a list of two.
    for merge in json["model"]["merges"].as_array_mut().unwrap() {
        *merge = json!(merge.as_str().unwrap().split(' ').collect::<Vec<_>>());
    }
    check_smollm2(&open_json(&json).unwrap());
}

/// GPT-2's characters for bytes, written down independently of the library.
pub fn byte_level(bytes: &[u8]) -> String {
    let plain = |b: u8| b.is_ascii_graphic() || (b >= 0xa1 && b != 0xad);
    let others: Vec<u8> = (0..=255).filter(|&b| !plain(b)).collect();
    let char_of = |&b: &u8| match others.iter().position(|&other| other == b) {
        Some(n) => char::from_u32(256 + n as u32).unwrap(),
        None => char::from(b),
    };
    bytes.iter().map(char_of).collect()
}

/// The tokens and merges of Llama 3 as Hugging Face's converter derives them from Meta's file: for
/// each token, by rank, every way to cut it into two tokens.
fn llama3_tokens_and_merges() -> (Vec<String>, Vec<String>) {
    let file = std::fs::read_to_string(common::llama3_tokenizer()).unwrap();
    let decode = |line: &str| {
        let base64 = line.split(' ').next().unwrap();
        base64::engine::general_purpose::STANDARD.decode(base64).unwrap()
    };
    let tokens: Vec<Vec<u8>> = file.lines().map(decode).collect();
    let known: HashSet<&[u8]> = tokens.iter().map(Vec::as_slice).collect();
    let mut merges = Vec::new();
    for token in &tokens {
        for (left, right) in (1..token.len()).map(|cut| token.split_at(cut)) {
            if known.contains(left) && known.contains(right) {
                merges.push(format!("{} {}", byte_level(left), byte_level(right)));
            }
        }
    }
    // The number of merges in the tokenizer.json that Meta published.
    assert_eq!(merges.len(), 280_147);
    (tokens.iter().map(|token| byte_level(token)).collect(), merges)
}

fn check_llama3(tokenizer: &Tokenizer) {
    for case in list(&ORACLE["cases"]) {
        check_case(tokenizer, case);
    }
    assert_eq!(tokenizer.special_tokens(), LLAMA3.special_tokens());
    assert_eq!(tokenizer.stop_tokens(), LLAMA3.stop_tokens());
    assert_eq!((tokenizer.bos(), tokenizer.vocab_size()), (Some(128_000), 128_256));
    let messages = [Message::new("user", " hi ")];
    assert_eq!(tokenizer.chat(&messages).unwrap(), LLAMA3.chat(&messages).unwrap());
}

#[test]
fn llama3_from_a_tokenizer_json() {
    let (tokens, merges) = llama3_tokens_and_merges();
    let ids: HashMap<&String, usize> = tokens.iter().enumerate().map(|(id, t)| (t, id)).collect();
    let added = LLAMA3.special_tokens();
    let json = json!({
        "added_tokens": added
            .iter()
            .map(|(name, id)| json!({"id": id, "content": name}))
            .collect::<Vec<_>>(),
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": ORACLE["pattern"]}, "behavior": "Isolated",
             "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
        ]},
        "model": {"type": "BPE", "ignore_merges": true, "vocab": ids, "merges": merges},
    });
    check_llama3(&open_json(&json).unwrap());
}

#[test]
fn llama3_from_gguf_metadata() {
    let strings = |list: Vec<String>| Gguf::Array(list.into_iter().map(Gguf::String).collect());
    let (mut tokens, merges) = llama3_tokens_and_merges();
    tokens.extend(LLAMA3.special_tokens().into_iter().map(|(name, _)| name));
    let types = (0..tokens.len()).map(|id| Gguf::I32(if id < 128_000 { 1 } else { 3 }));
    let mut metadata = HashMap::from([
        ("model", Gguf::String("gpt2".into())),
        ("pre", Gguf::String("llama-bpe".into())),
        ("token_type", Gguf::Array(types.collect())),
        ("tokens", strings(tokens)),
        ("merges", strings(merges)),
        ("bos_token_id", Gguf::U32(128_000)),
        ("eos_token_id", Gguf::U32(128_009)),
    ]);
    let open = |metadata: &HashMap<&str, Gguf>| {
        let entry = |(key, value): (&&str, &Gguf)| (format!("tokenizer.ggml.{key}"), value.clone());
        let metadata = metadata.iter().map(entry).collect();
        Tokenizer::from_gguf_metadata(&metadata, "llama3.gguf").unwrap()
    };
    check_llama3(&open(&metadata));
    metadata.insert("add_bos_token", Gguf::Bool(false));
    assert_eq!(open(&metadata).bos(), None);
}
