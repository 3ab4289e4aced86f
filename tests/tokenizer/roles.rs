//! BOS, and what ends an answer: what the files say counts, and only then a token's name.

use super::tiny::{LLAMA3, added, open_gguf, open_json, says, tokenizer_json};
use candle_core::quantized::gguf_file::Value as Gguf;
use serde_json::{Value, json};

/// DeepSeek's names over Llama 3's vocabulary: the first two are BOS and the end.
const DEEPSEEK: [&str; 2] = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"];

fn deepseek() -> Vec<Value> {
    let names = DEEPSEEK.iter().chain(&LLAMA3[2..]).enumerate();
    let token = |(i, name)| json!({"id": 257 + i, "content": name, "special": true});
    names.map(token).collect()
}

/// `TemplateProcessing` with these tokens before and behind a text.
fn post_processor(before: &[&str], behind: &[&str]) -> Value {
    let special = |name: &&str| json!({"SpecialToken": {"id": name, "type_id": 0}});
    let mut single: Vec<Value> = before.iter().map(special).collect();
    single.push(json!({"Sequence": {"id": "A", "type_id": 0}}));
    single.extend(behind.iter().map(special));
    let ids = |i: usize| json!({"id": DEEPSEEK[i], "ids": [257 + i], "tokens": [DEEPSEEK[i]]});
    let step = json!({"type": "TemplateProcessing", "single": single, "pair": [],
                      "special_tokens": {DEEPSEEK[0]: ids(0), DEEPSEEK[1]: ids(1)}});
    json!({"type": "Sequence", "processors": [{"type": "ByteLevel"}, step]})
}

#[test]
fn bos_of_a_post_processor() {
    let open = |post_processor: Value| {
        let mut json = tokenizer_json(deepseek());
        json["post_processor"] = post_processor;
        open_json(&json, &[])
    };
    let cases: [(&[&str], &[&str], &[u32]); 4] = [
        (&DEEPSEEK[..1], &[], &[257, 72, 105]),
        (&[], &[], &[72, 105]),
        (&DEEPSEEK[..1], &DEEPSEEK[1..], &[257, 72, 105, 258]),
        (&[], &DEEPSEEK[1..], &[72, 105, 258]),
    ];
    for (before, behind, expected) in cases {
        let tokenizer = open(post_processor(before, behind)).unwrap();
        assert_eq!(tokenizer.prompt("Hi"), expected);
        assert_eq!(tokenizer.bos(), before.first().map(|_| 257));
    }
    assert_eq!(open(Value::Null).unwrap().prompt("Hi"), [72, 105]);
    let roberta = json!({"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]});
    says(open(roberta), &["post_processor", "RobertaProcessing"]);
    says(open(json!({"type": "TemplateProcessing"})), &["post_processor"]);
    says(open(post_processor(&["<s>"], &[])), &["post_processor"]);
}

#[test]
fn bos_of_a_tokenizer_config() {
    let json = tokenizer_json(deepseek());
    let with = |config: Value| open_json(&json, &[("tokenizer_config.json", &config)]);
    let bos = |config: Value| with(config).unwrap().prompt("Hi");
    for token in [json!(DEEPSEEK[0]), json!({"content": DEEPSEEK[0], "lstrip": false})] {
        let config = |add: Value| json!({"bos_token": token, "add_bos_token": add});
        assert_eq!(bos(config(json!(true))), [257, 72, 105]);
        assert_eq!(bos(config(json!(false))), [72, 105]);
        assert_eq!(bos(config(Value::Null)), [72, 105]);
    }
    let both = json!({"bos_token": DEEPSEEK[0], "eos_token": DEEPSEEK[1], "add_bos_token": true,
                      "add_eos_token": true});
    assert_eq!(bos(both), [257, 72, 105, 258]);
    says(with(json!({"add_bos_token": true})), &["tokenizer_config.json", "add_bos_token"]);
    says(with(json!({"add_bos_token": "yes"})), &["add_bos_token = \"yes\"", "true or false"]);
    says(with(json!({"bos_token": "<s>"})), &["bos_token = \"<s>\"", "no added token"]);
    let config = json!({"add_bos_token": true});
    let model = json!({"bos_token_id": 257});
    let files = [("config.json", &model), ("tokenizer_config.json", &config)];
    assert_eq!(open_json(&json, &files).unwrap().prompt("Hi"), [257, 72, 105]);
    // Llama 3's own names say enough, and a file may still say no.
    let json = tokenizer_json(added(&[]));
    assert_eq!(open_json(&json, &[]).unwrap().prompt("Hi"), [257, 72, 105]);
    let no = json!({"add_bos_token": false});
    let without = open_json(&json, &[("tokenizer_config.json", &no)]).unwrap();
    assert_eq!(without.prompt("Hi"), [72, 105]);
}

#[test]
fn ends_of_a_config() {
    let json = tokenizer_json(added(&["<|end|>", "<|stop|>"]));
    let stops = |beside: &[(&str, &Value)]| {
        let tokenizer = open_json(&json, beside)?;
        Ok::<_, llama3::Error>(tokenizer.stop_tokens().to_vec())
    };
    assert_eq!(stops(&[]).unwrap(), [258, 261]);
    let (one, list) = (json!({"eos_token_id": 262}), json!({"eos_token_id": [258, 261, 263]}));
    assert_eq!(stops(&[("config.json", &one)]).unwrap(), [258, 261, 262]);
    assert_eq!(stops(&[("generation_config.json", &one)]).unwrap(), [258, 261, 262]);
    let both = [("config.json", &one), ("generation_config.json", &list)];
    assert_eq!(stops(&both).unwrap(), [258, 261, 262, 263]);
    let named = json!({"eos_token": {"content": "<|end|>"}});
    assert_eq!(stops(&[("tokenizer_config.json", &named)]).unwrap(), [258, 261, 262]);
    for wrong in [json!("<|end|>"), json!([258, "<|end|>"]), json!(-1), json!(1.5)] {
        let wrong = json!({"eos_token_id": wrong});
        says(stops(&[("config.json", &wrong)]), &["config.json", "eos_token_id"]);
    }
    let damaged = json!("{\"eos_token_id\":");
    let error = stops(&[("generation_config.json", &damaged)]);
    says(error, &["generation_config.json", "not valid JSON"]);
}

#[test]
fn roles_of_a_gguf_file() {
    let id = Gguf::U32;
    let more = [("<|end|>", 3), ("<bos>", 3)];
    let open = |keys: &[(&str, Gguf)]| open_gguf(&more, keys);
    type Case<'a> = (&'a [(&'a str, Gguf)], &'a [u32]);
    let cases: [Case; 6] = [
        (&[], &[257, 72, 105]),
        (&[("bos_token_id", id(263))], &[263, 72, 105]),
        (&[("add_bos_token", Gguf::Bool(true))], &[257, 72, 105]),
        (&[("add_bos_token", Gguf::Bool(false)), ("bos_token_id", id(263))], &[72, 105]),
        (
            &[("add_eos_token", Gguf::Bool(true)), ("eos_token_id", Gguf::I32(258))],
            &[257, 72, 105, 258],
        ),
        (&[("add_eos_token", Gguf::Bool(false))], &[257, 72, 105]),
    ];
    for (keys, expected) in cases {
        assert_eq!(open(keys).unwrap().prompt("Hi"), expected, "{keys:?}");
    }
    for key in ["eos_token_id", "eot_token_id", "eom_token_id"] {
        let tokenizer = open(&[(key, Gguf::U64(262))]).unwrap();
        assert_eq!(tokenizer.stop_tokens(), [258, 261, 262], "{key}");
        let list = Gguf::Array(vec![id(262)]);
        for wrong in [id(900), Gguf::I32(-1), list, Gguf::String("<|end|>".into())] {
            says(open(&[(key, wrong)]), &["tiny.gguf", key, "id of a token"]);
        }
    }
    says(open(&[("add_eos_token", Gguf::Bool(true))]), &["add_eos_token"]);
    says(open(&[("add_bos_token", id(1))]), &["add_bos_token", "true or false"]);
}
