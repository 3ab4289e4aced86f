//! Tokens that a fine-tune added. The right ids are those of Hugging Face's tokenizers 0.23.

use super::tiny::{added, open_gguf, open_json, says, tokenizer_json};
use llama3::tokenizer::Message;
use serde_json::{Value, json};

/// Llama 3's special tokens and one more.
fn with(token: Value) -> llama3::Result<llama3::tokenizer::Tokenizer> {
    let mut tokens = added(&[]);
    tokens.push(token);
    open_json(&tokenizer_json(tokens), &[])
}

#[test]
fn a_token_that_is_not_special_is_found_in_every_text() {
    let think = |special: bool| json!({"id": 262, "content": "<think>", "special": special});
    let plain = with(think(false)).unwrap();
    let text = "a<think>b<|eot_id|>";
    let eot: Vec<u32> = "<|eot_id|>".bytes().map(u32::from).collect();
    assert_eq!(plain.encode(text), [&[97, 262, 98][..], &eot].concat());
    assert_eq!(plain.encode_with_special(text), [97, 262, 98, 261]);
    assert_eq!(plain.prompt("<think>"), [257, 262]);
    assert_eq!(plain.decode(&plain.encode(text)).unwrap(), text);
    let said = plain.chat(&[Message::new("user", "<think>")]).unwrap();
    assert_eq!(said.iter().filter(|&&id| id == 262).count(), 1);
    assert_eq!(with(think(true)).unwrap().encode("a<think>").len(), 8);
    for (kind, n_tokens) in [(4, 3), (3, 9), (2, 9)] {
        let tokenizer = open_gguf(&[("<think>", kind)], &[]).unwrap();
        assert_eq!(tokenizer.encode("a<think>b").len(), n_tokens, "type {kind}");
        assert_eq!(tokenizer.encode_with_special("a<think>b"), [97, 262, 98]);
    }
}

/// As transformers does: tokens that only `tokenizer_config.json` lists are added to the others.
#[test]
fn a_token_that_is_listed_beside_the_vocabulary() {
    let beside = |tokens: Value| json!({"added_tokens_decoder": tokens});
    let token = |name: &str, special: bool| json!({"content": name, "special": special});
    let open = |tokens| {
        open_json(&tokenizer_json(added(&[])), &[("tokenizer_config.json", &beside(tokens))])
    };
    let both = json!({"262": token("<think>", false), "263": token("<x>", true),
                      "261": token("<|eot_id|>", true)});
    let tokenizer = open(both).unwrap();
    assert_eq!(tokenizer.encode("a<think>b<x>")[..3], [97, 262, 98]);
    assert_eq!(tokenizer.encode_with_special("<think><x><|eot_id|>"), [262, 263, 261]);
    says(open(json!({"last": token("<think>", false)})), &["added_tokens", "<think>"]);
    says(open(json!({"261": token("<think>", false)})), &["two tokens", "261"]);
}

#[test]
fn the_longest_token_wins_and_may_take_white_space_along() {
    let token = |id: u32, content: &str, lstrip: bool, rstrip: bool| json!({"id": id, "content": content, "special": false, "lstrip": lstrip, "rstrip": rstrip});
    let mut tokens = added(&[]);
    tokens.extend([
        token(262, "<a", false, false),
        token(263, "<a>", false, false),
        token(264, "[L]", true, false),
        token(265, "[R]", false, true),
    ]);
    let tokenizer = open_json(&tokenizer_json(tokens), &[]).unwrap();
    assert_eq!(tokenizer.encode("<a><a"), [263, 262]);
    assert_eq!(tokenizer.encode("x \n[L] y"), [120, 264, 32, 121]);
    assert_eq!(tokenizer.encode("x [R] \u{3000}y"), [120, 32, 265, 121]);
    assert_eq!(tokenizer.encode("[R] \n[L][R]  "), [265, 264, 265]);
    let mut word = token(262, "word", false, false);
    word["single_word"] = json!(true);
    says(with(word), &["word", "single word"]);
}

#[test]
fn an_added_token_that_is_an_ordinary_one() {
    // Under its own id or, as tokenizers has it, whatever other id is said.
    for id in [97, 262] {
        let token = json!({"id": id, "content": "a", "special": false});
        let tokenizer = with(token).unwrap();
        assert_eq!(tokenizer.encode("a t"), [97, 256], "{id}");
        assert_eq!(tokenizer.special("a"), Some(97));
    }
    let merged = with(json!({"id": 256, "content": "Ġt", "special": false})).unwrap();
    assert_eq!(merged.encode("a t"), [97, 256]);
    // Special tokens may stand among the others as well.
    let mut json = tokenizer_json(added(&["<｜User｜>"]));
    json["model"]["vocab"]["<|eot_id|>"] = json!(261);
    json["model"]["vocab"]["<｜User｜>"] = json!(262);
    let tokenizer = open_json(&json, &[]).unwrap();
    assert_eq!(tokenizer.encode("<|eot_id|>").len(), 10);
    assert_eq!(tokenizer.encode_with_special("<｜User｜>"), [262]);
    says(with(json!({"id": 262, "content": "<|eot_id|>"})), &["<|eot_id|> is added twice"]);
    says(with(json!({"id": 261, "content": "<pad>"})), &["two tokens", "261"]);
}

#[test]
fn a_normalizer_that_does_nothing() {
    let mut json = tokenizer_json(added(&[]));
    json["normalizer"] = json!({"type": "Sequence", "normalizers": []});
    assert_eq!(open_json(&json, &[]).unwrap().prompt("a t"), [257, 97, 256]);
}
