//! Which tokenizer belongs to weights, and whether they answer.

use super::common::{self, gguf, oracles};
use super::tiny::{added, directory, says, tokenizer_json};
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value as Gguf;
use llama3::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The smallest reference model with these files beside it.
fn model(layout: &str, files: &[(&str, &Value)]) -> TempDir {
    let dir = directory(files);
    for entry in fs::read_dir(oracles().join("gqa4_ffn272").join(layout)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

fn tokenizer(dir: &Path) -> Result<Tokenizer> {
    Checkpoint::open(dir)?.tokenizer()
}

fn prompt(dir: &Path) -> Vec<u32> {
    tokenizer(dir).unwrap().prompt("a b")
}

const SENTENCEPIECE: &str = "\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02\n\x0c\n\x03<s>\x15";

#[test]
fn the_layout_decides_between_two_tokenizers() {
    let json = tokenizer_json(added(&[]));
    let meta = fs::read_to_string(common::llama3_tokenizer()).unwrap();
    // Both reference models have 389 rows: Meta's tokens do not fit, and that tells who was read.
    for place in ["", "original"] {
        let dir = model("hf", &[("tokenizer.json", &json)]);
        fs::create_dir_all(dir.path().join(place)).unwrap();
        fs::write(dir.path().join(place).join("tokenizer.model"), &meta).unwrap();
        assert_eq!(prompt(dir.path()), [257, 97, 32, 98]);
        fs::remove_file(dir.path().join("tokenizer.json")).unwrap();
        says(tokenizer(dir.path()), &["tokenizer.model", "389"]);
    }
    let dir = model("meta", &[("tokenizer.json", &json)]);
    assert_eq!(prompt(dir.path()), [257, 97, 32, 98]);
    let path = dir.path().join("tokenizer.model");
    fs::write(&path, &meta).unwrap();
    says(tokenizer(dir.path()), &["tokenizer.model", "389", "token ids"]);
    fs::write(&path, SENTENCEPIECE).unwrap();
    assert_eq!(prompt(dir.path()), [257, 97, 32, 98]);
    fs::remove_file(dir.path().join("tokenizer.json")).unwrap();
    says(tokenizer(dir.path()), &["tokenizer.model", "SentencePiece"]);
    let dir = model("hf", &[("tokenizer.json", &json), ("tokenizer.model", &json!(SENTENCEPIECE))]);
    assert_eq!(prompt(dir.path()), [257, 97, 32, 98]);
}

/// A pad token behind the last row of the table does no harm until the model is given it.
#[test]
fn a_pad_token_without_a_row() {
    let mut tokens = added(&[]);
    tokens.push(json!({"id": 389, "content": "<pad>", "special": true}));
    let dir = model("hf", &[("tokenizer.json", &tokenizer_json(tokens))]);
    let checkpoint = Checkpoint::open(dir.path()).unwrap();
    let tokenizer = checkpoint.tokenizer().unwrap();
    assert_eq!(tokenizer.prompt("a"), [257, 97]);
    assert_eq!(tokenizer.vocab_size(), 390);
    let model = Transformer::new(&checkpoint).unwrap();
    let pad = tokenizer.encode_with_special("<pad>");
    says(model.forward(&pad, &mut model.new_cache(), &mut unobserved), &["389", "0 to 388"]);
    let mut json = tokenizer_json(added(&[]));
    json["model"]["vocab"]["zz"] = json!(389);
    json["model"]["merges"] = json!(["Ġ t", "z z"]);
    fs::write(dir.path().join("tokenizer.json"), json.to_string()).unwrap();
    says(checkpoint.tokenizer(), &["tokenizer.json", "389", "repository"]);
}

#[test]
fn a_template_says_that_a_model_answers() {
    let json = tokenizer_json(added(&[]));
    let config = json!({"chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}"});
    let answers = |dir: &Path| {
        let checkpoint = Checkpoint::open(dir).unwrap();
        checkpoint.answers(&checkpoint.tokenizer().unwrap())
    };
    let with = model("hf", &[("tokenizer.json", &json), ("tokenizer_config.json", &config)]);
    assert!(answers(with.path()).0 && answers(with.path()).1.contains("template"));
    let without = model("hf", &[("tokenizer.json", &json)]);
    assert!(!answers(without.path()).0);
    let named = without.path().join("Tiny-Instruct");
    fs::create_dir(&named).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::rename(without.path().join(file), named.join(file)).unwrap();
    }
    assert!(answers(&named).0 && answers(&named).1.contains("Tiny-Instruct"));
    let small = Checkpoint::open(common::default_model()).unwrap();
    assert!(small.answers(&small.tokenizer().unwrap()).0);
}

#[test]
fn a_gguf_file_says_it_by_its_template_or_its_own_name() {
    let model = Checkpoint::open(oracles().join("gqa4_ffn272/meta")).unwrap();
    let mut config = model.config.clone();
    config.vocab_size = 49_152;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("some.gguf");
    let small = super::GGUF.iter().filter(|(key, _)| key.starts_with("tokenizer."));
    let tokenizer: Vec<(String, Gguf)> = small.map(|(k, v)| (k.clone(), v.clone())).collect();
    let random = Checkpoint::rehearsal_of(config, 1).unwrap();
    let answers = |more: &[(&str, &str)], without: &str| {
        let mut metadata = gguf::metadata(&random.config);
        metadata.extend(tokenizer.clone());
        metadata.extend(more.iter().map(|(k, v)| (k.to_string(), Gguf::String(v.to_string()))));
        metadata.retain(|(key, _)| key != without);
        gguf::write_with(&path, &metadata, &gguf::quantised(&random, GgmlDType::F16));
        let checkpoint = Checkpoint::open(&path).unwrap();
        checkpoint.answers(&checkpoint.tokenizer().unwrap()).0
    };
    let template = "tokenizer.chat_template";
    assert!(answers(&[], ""));
    assert!(!answers(&[("general.name", "Base")], template));
    assert!(answers(&[("general.name", "Tiny 3.2 Instruct")], template));
    assert!(answers(&[("general.finetune", "Instruct")], template));
}
