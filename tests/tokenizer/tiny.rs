//! The smallest vocabulary of Llama 3's kind: the 256 bytes, " t" with the id 256, and added tokens
//! from 257 on. As a `tokenizer.json` in a directory of its own, and as the metadata of a GGUF file.

use super::ORACLE;
use super::formats::byte_level;
use candle_core::quantized::gguf_file::Value as Gguf;
use llama3::Result;
use llama3::tokenizer::{Message, Tokenizer};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use tempfile::TempDir;

/// Llama 3's special tokens: BOS is 257, and `<|eot_id|>` 261.
pub const LLAMA3: [&str; 5] = [
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
];

fn tokens() -> impl Iterator<Item = String> {
    let bytes = (0..=255).map(|byte| byte_level(&[byte]));
    bytes.chain(["Ġt".to_string()])
}

/// The tokens behind Llama 3's special ones start at 262.
pub fn added(more: &[&str]) -> Vec<Value> {
    let names = LLAMA3.iter().chain(more).enumerate();
    let token = |(i, name)| json!({"id": 257 + i, "content": name, "special": true});
    names.map(token).collect()
}

/// With these added tokens.
pub fn tokenizer_json(added: Vec<Value>) -> Value {
    let vocab: HashMap<String, usize> = tokens().zip(0..).collect();
    json!({
        "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": ORACLE["pattern"]}, "behavior": "Isolated",
             "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
        ]},
        "post_processor": null,
        "model": {"type": "BPE", "ignore_merges": true, "vocab": vocab, "merges": ["Ġ t"]},
    })
}

/// A directory with these files.
pub fn directory(files: &[(&str, &Value)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let text = match content {
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

/// A `tokenizer.json` with other files beside it.
pub fn open_json(json: &Value, beside: &[(&str, &Value)]) -> Result<Tokenizer> {
    let dir = directory(&[beside, &[("tokenizer.json", json)]].concat());
    Tokenizer::from_hugging_face_file(dir.path().join("tokenizer.json"))
}

/// Llama 3's special tokens, more of a type each, and keys: `bos_token_id` means
/// `tokenizer.ggml.bos_token_id`.
pub fn open_gguf(more: &[(&str, i32)], keys: &[(&str, Gguf)]) -> Result<Tokenizer> {
    let text = |text: &str| Gguf::String(text.into());
    let mut names: Vec<Gguf> = tokens().map(Gguf::String).collect();
    names.extend(LLAMA3.iter().map(|name| text(name)));
    names.extend(more.iter().map(|(name, _)| text(name)));
    let mut types = vec![Gguf::I32(1); 257];
    types.extend(LLAMA3.iter().map(|_| Gguf::I32(3)));
    types.extend(more.iter().map(|(_, kind)| Gguf::I32(*kind)));
    let mut metadata: HashMap<String, Gguf> = [
        ("model", text("gpt2")),
        ("pre", text("llama-bpe")),
        ("tokens", Gguf::Array(names)),
        ("token_type", Gguf::Array(types)),
        ("merges", Gguf::Array(vec![text("Ġ t")])),
    ]
    .map(|(key, value)| (format!("tokenizer.ggml.{key}"), value))
    .into();
    for (key, value) in keys {
        let key = match *key {
            "chat_template" => "tokenizer.chat_template".into(),
            key => format!("tokenizer.ggml.{key}"),
        };
        metadata.insert(key, value.clone());
    }
    Tokenizer::from_gguf_metadata(&metadata, "tiny.gguf")
}

/// What the model reads when a user says "Hi", as text.
pub fn hi(tokenizer: &Tokenizer) -> String {
    let ids = tokenizer.chat(&[Message::new("user", "Hi")]).unwrap();
    tokenizer.decode(&ids).unwrap()
}

/// The error's text, which must contain all of these.
#[track_caller]
pub fn says<T>(result: Result<T>, words: &[&str]) {
    let error = match result {
        Ok(_) => panic!("expected an error that says {words:?}"),
        Err(error) => error.to_string(),
    };
    for word in words {
        assert!(error.contains(word), "expected {word:?} in: {error}");
    }
}
