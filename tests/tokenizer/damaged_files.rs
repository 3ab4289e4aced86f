//! A file that cannot be used gives an error that names the file and what is wrong; never a panic.

use super::formats::{open_json, smollm2_json, write};
use super::{GGUF, common};
use candle_core::quantized::gguf_file::Value as Gguf;
use llama3::tokenizer::{Llama3Specials, Tokenizer};
use serde_json::{Value, json};

fn open_meta(content: impl AsRef<[u8]>) -> String {
    let (_dir, path) = write("tokenizer.model", content);
    let error = Tokenizer::from_tiktoken_file(&path, Llama3Specials::Llama3).unwrap_err();
    let error = error.to_string();
    assert!(error.starts_with(path.to_str().unwrap()), "{error}");
    error
}

fn assert_says(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
}

#[test]
fn metas_file_damaged() {
    let file = std::fs::read_to_string(common::llama3_tokenizer()).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    let with = |n: usize, line: &str| {
        let mut lines = lines.clone();
        lines[n - 1] = line;
        open_meta(lines.join("\n"))
    };
    let cut_off = open_meta(&file[..1_000_000]);
    assert_says(&cut_off, &["line ", "expected a token in base64", "2,183,982"]);
    assert_says(&open_meta(lines[..500].join("\n")), &["128000", "500"]);
    assert_says(&open_meta(format!("{file}aGFsbG8gd29ybGQhIQ== 128000\n")), &["128001"]);
    assert_says(&with(7, "I=Q= 6"), &["line 7", "I=Q= 6"]);
    assert_says(&with(7, "Jw=="), &["line 7"]);
    assert_says(&with(7, ""), &["line 7"]);
    assert_says(&with(7, " 6"), &["line 7"]);
    assert_says(&with(7, "Jw== 5"), &["line 7", "6"]);
    assert_says(&with(7, "Jw== 99999999999999999999"), &["line 7"]);
    assert_says(&with(7, "IQ== 6"), &["0 and 6 are the same token"]);
    // A line end of Windows does no harm.
    let (_dir, path) = write("tokenizer.model", lines.join("\r\n"));
    Tokenizer::from_tiktoken_file(path, Llama3Specials::Llama3).unwrap();
}

#[test]
fn something_else_under_the_name() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:82e9\nsize 2183982\n";
    assert_says(&open_meta(pointer), &["Git LFS pointer", "git lfs pull"]);
    assert_says(&open_meta("<!DOCTYPE html><html>"), &["web page"]);
    assert_says(&open_meta("\n <html>"), &["web page"]);
    assert_says(&open_meta(""), &["empty"]);
    assert_says(&open_meta("\n\n"), &["empty"]);
    let llama2 = b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02\n\x0c\n\x03<s>\x15\0\0\0\0\x18\x03";
    assert_says(&open_meta(llama2), &["SentencePiece", "Llama 3"]);
    assert_says(&open_meta(b"PK\x03\x04\xff\xff\0\0"), &["line 1", "<FF>"]);
    assert_says(&open_meta(vec![0xff; 5000]), &["line 1"]);

    let dir = tempfile::tempdir().unwrap();
    let open = |path| Tokenizer::from_tiktoken_file(path, Llama3Specials::Llama3).unwrap_err();
    assert_says(&open(dir.path().join("gone")).to_string(), &["gone"]);
    open(dir.path().to_owned());
    // 16 GB of weights are not read into memory; the file has a hole of that size.
    let path = dir.path().join("consolidated.00.pth");
    std::fs::File::create(&path).unwrap().set_len(16 << 30).unwrap();
    assert_says(&open(path).to_string(), &["too large", "not of the weights"]);
}

/// The error after one value of SmolLM2's tokenizer.json is changed.
fn json_with(pointer: &str, value: Value) -> String {
    let mut json = smollm2_json();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = json.pointer_mut(parent).unwrap();
    match key.parse::<usize>() {
        Ok(index) if parent.is_array() => parent[index] = value,
        _ => parent[key] = value,
    }
    let error = open_json(&json).unwrap_err().to_string();
    assert!(error.contains("tokenizer.json: "), "{error}");
    error
}

#[test]
fn tokenizer_json_of_another_kind() {
    assert_says(&json_with("/model/byte_fallback", json!(true)), &["SentencePiece"]);
    assert_says(&json_with("/model/type", json!("Unigram")), &["BPE"]);
    assert_says(&json_with("/normalizer", json!({"type": "NFC"})), &["normalizer"]);
    assert_says(&json_with("/model/end_of_word_suffix", json!("</w>")), &["byte-level"]);
    assert_says(&json_with("/pre_tokenizer", json!(null)), &["pre_tokenizer"]);
    let digits = "/pre_tokenizer/pretokenizers/0";
    assert_says(&json_with(digits, json!({"type": "Digits"})), &["pre_tokenizer"]);
    assert_says(&json_with("/model/vocab/▁the", json!(60_000)), &["▁the", "byte-level"]);
}

#[test]
fn tokenizer_json_damaged() {
    let (_dir, path) = write("tokenizer.json", "{\"model\": {");
    let error = Tokenizer::from_hugging_face_file(path).unwrap_err();
    assert_says(&error.to_string(), &["tokenizer.json", "not valid JSON", "line 1"]);
    for other in [json!(null), json!([]), json!({}), json!({"model": 3})] {
        assert!(open_json(&other).is_err());
    }
    assert_says(&json_with("/model/vocab", json!({})), &["merge 0", "not among the tokens"]);
    assert_says(&json_with("/model/vocab", json!(null)), &["model.vocab"]);
    assert_says(&json_with("/model/vocab/the", json!(33)), &["id 33"]);
    assert_says(&json_with("/model/vocab/the", json!(-1)), &["-1"]);
    assert_says(&json_with("/model/vocab/the", json!(1_u64 << 40)), &["the"]);
    assert_says(&json_with("/model/vocab/", json!(60_000)), &["60000", "empty"]);
    assert_says(&json_with("/model/merges", json!(null)), &["model.merges"]);
    assert_says(&json_with("/model/merges", json!([])), &["no merge makes token"]);
    assert_says(&json_with("/model/merges/3", json!("abc")), &["merge 3"]);
    assert_says(&json_with("/model/merges/3", json!(["a"])), &["merge 3"]);
    assert_says(&json_with("/model/merges/3", json!("Ġ qqqq")), &["merge 3", "qqqq"]);
    let swapped = json_with("/model/merges/0", json!("i n"));
    assert_says(&swapped, &["merge 1", "order"]);
    let name = "/added_tokens/3/content";
    assert_says(&json_with(name, json!("<|im_end|>")), &["<|im_end|> is added twice"]);
    assert_says(&json_with(name, json!("")), &["no name"]);
    assert_says(&json_with(name, json!(7)), &["added_tokens"]);
}

#[test]
fn a_vocabulary_with_holes_works() {
    let mut json = smollm2_json();
    json["model"]["merges"] = json!(["Ġ t"]);
    json["model"]["vocab"] = json!({"Ġ": 20, "t": 30, "Ġt": 4_000_000_000_u32});
    json["added_tokens"] = json!([]);
    let tokenizer = open_json(&json).unwrap();
    assert_eq!(tokenizer.encode_with_special(" t<|im_end|>xt"), [4_000_000_000, 30]);
    assert_eq!(tokenizer.token(25), "<unused 25>");
    assert!(tokenizer.decode(&[25]).is_err() && tokenizer.stop_tokens().is_empty());
    assert_eq!(tokenizer.merges("xyz"), [Vec::<String>::new()]);
}

/// The error after one key of SmolLM2's GGUF metadata is changed or, for None, removed.
fn gguf_with(key: &str, value: Option<Gguf>) -> String {
    let mut metadata = GGUF.clone();
    let key = format!("tokenizer.ggml.{key}");
    match value {
        Some(value) => metadata.insert(key, value),
        None => metadata.remove(&key),
    };
    let error = Tokenizer::from_gguf_metadata(&metadata, "some.gguf").unwrap_err();
    let error = error.to_string();
    assert!(error.starts_with("some.gguf: ") && error.len() < 500, "{error}");
    error
}

#[test]
fn gguf_metadata_damaged() {
    let with = gguf_with;
    let text = |text: &str| Some(Gguf::String(text.into()));
    assert_says(&with("model", text("llama")), &["SentencePiece"]);
    assert_says(&with("model", text("bert")), &["bert"]);
    assert_says(&with("pre", text("qwen2")), &["qwen2"]);
    assert_says(&with("tokens", text("the")), &["tokens", "array"]);
    assert_says(&with("tokens", Some(Gguf::Array(vec![]))), &["0 tokens"]);
    assert_says(&with("token_type", Some(Gguf::Array(vec![Gguf::I32(1)]))), &["1 token types"]);
    assert_says(&with("merges", Some(Gguf::Array(vec![]))), &["no merge makes token"]);
    assert_says(&with("merges", Some(Gguf::Array(vec![Gguf::U8(1)]))), &["merge 0"]);
    assert_says(&with("eos_token_id", Some(Gguf::U32(60_000))), &["eos_token_id"]);
    assert_says(&with("eos_token_id", Some(Gguf::I32(-1))), &["eos_token_id"]);
    for key in ["model", "pre", "tokens", "token_type", "merges"] {
        assert_says(&with(key, None), &[key, "missing"]);
    }
    let bytes_of_sentencepiece = Gguf::Array(vec![Gguf::I32(6); 49_152]);
    assert_says(&with("token_type", Some(bytes_of_sentencepiece)), &["token 0"]);
}
