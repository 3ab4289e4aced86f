//! The tokenizers give the ids of the original implementations: every case of
//! `tests/data/tokenizer.json` (tiktoken with Meta's code) and `tests/data/smollm2.json`.

mod common;

#[path = "tokenizer/added.rs"]
mod added;
#[path = "tokenizer/any_text.rs"]
mod any_text;
#[path = "tokenizer/beside.rs"]
mod beside;
#[path = "tokenizer/chat.rs"]
mod chat;
#[path = "tokenizer/damaged_files.rs"]
mod damaged_files;
#[path = "tokenizer/formats.rs"]
mod formats;
#[path = "tokenizer/roles.rs"]
mod roles;
#[path = "tokenizer/templates.rs"]
mod templates;
#[path = "tokenizer/tiny.rs"]
mod tiny;

use candle_core::quantized::gguf_file;
use llama3::tokenizer::{Llama3Specials, Tokenizer};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

static LLAMA3: LazyLock<Tokenizer> = LazyLock::new(|| meta(Llama3Specials::Llama3));
static LLAMA31: LazyLock<Tokenizer> = LazyLock::new(|| meta(Llama3Specials::Llama31));
static SMOLLM2: LazyLock<Tokenizer> =
    LazyLock::new(|| Tokenizer::from_gguf_metadata(&GGUF, common::default_model()).unwrap());
static GGUF: LazyLock<HashMap<String, gguf_file::Value>> = LazyLock::new(|| {
    let mut file = std::fs::File::open(common::default_model()).unwrap();
    gguf_file::Content::read(&mut file).unwrap().metadata
});
static ORACLE: LazyLock<Value> = LazyLock::new(|| json(include_str!("data/tokenizer.json")));
static SMOLLM2_ORACLE: LazyLock<Value> = LazyLock::new(|| json(include_str!("data/smollm2.json")));

fn meta(specials: Llama3Specials) -> Tokenizer {
    Tokenizer::from_tiktoken_file(common::llama3_tokenizer(), specials).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list in the oracle")
}

fn ids(value: &Value) -> Vec<u32> {
    list(value).iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn check_case(tokenizer: &Tokenizer, case: &Value) {
    let text = case["text"].as_str().unwrap();
    let found = match case["allow_special"].as_bool().unwrap() {
        true => tokenizer.encode_with_special(text),
        false => tokenizer.encode(text),
    };
    assert_eq!(found, ids(&case["ids"]), "{text:?} ({})", case["note"]);
    assert_eq!(tokenizer.decode(&found).unwrap(), text);
}

#[test]
fn llama3_encodes_every_case() {
    assert_eq!(list(&ORACLE["cases"]).len(), 131);
    for case in list(&ORACLE["cases"]) {
        check_case(&LLAMA3, case);
        check_case(&LLAMA31, case);
    }
}

#[test]
fn llama3_and_31_differ_where_they_should() {
    assert_eq!(list(&ORACLE["version_cases"]).len(), 8);
    for case in list(&ORACLE["version_cases"]) {
        match case["special_set"].as_str().unwrap() {
            "llama3" => check_case(&LLAMA3, case),
            _ => check_case(&LLAMA31, case),
        }
    }
}

#[test]
fn the_special_tokens_are_metas() {
    for (tokenizer, set) in [(&LLAMA3, "llama3"), (&LLAMA31, "llama3.1")] {
        let expected = ORACLE["special_tokens"][set].as_object().unwrap();
        let found = tokenizer.special_tokens();
        assert_eq!((found.len(), expected.len()), (256, 256));
        assert!(found.is_sorted_by_key(|&(_, id)| id));
        for (name, id) in found {
            assert_eq!(expected[&name], id, "{name}");
        }
        assert_eq!(tokenizer.vocab_size(), 128_256);
        assert_eq!(tokenizer.pattern(), ORACLE["pattern"]);
    }
    assert_eq!(LLAMA3.bos(), Some(128_000));
    assert_eq!(LLAMA3.stop_tokens(), [128_001, 128_009]);
    assert_eq!(LLAMA31.stop_tokens(), [128_001, 128_008, 128_009]);
    assert_eq!(LLAMA3.prompt("42"), [128_000, 2983]);
}

#[test]
fn llama3_decodes_every_case_at_once_and_as_a_stream() {
    assert_eq!(list(&ORACLE["decode"]).len(), 45);
    for case in list(&ORACLE["decode"]) {
        let (ids, text) = (ids(&case["ids"]), case["text"].as_str().unwrap());
        let bytes = LLAMA3.decode_bytes(&ids).unwrap();
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, case["bytes_hex"].as_str().unwrap());
        assert_eq!(LLAMA3.decode(&ids).unwrap(), text);
        check_stream(&LLAMA3, &ids);
    }
}

/// The pieces add up to the whole, and a � comes only where the whole has one.
fn check_stream(tokenizer: &Tokenizer, ids: &[u32]) {
    let whole = tokenizer.decode(ids).unwrap();
    let mut stream = tokenizer.stream();
    let mut text = String::new();
    for &id in ids {
        text += &stream.push(id).unwrap();
        assert!(whole.starts_with(&text), "{text:?} of {whole:?}");
    }
    assert_eq!(text + &stream.finish(), whole);
}

#[test]
fn a_stream_waits_for_whole_characters() {
    for case in list(&ORACLE["cases"]) {
        check_stream(&LLAMA3, &ids(&case["ids"]));
    }
    let family = LLAMA3.encode("👨‍👩‍👧");
    let mut stream = LLAMA3.stream();
    let texts: Vec<String> = family.iter().map(|&id| stream.push(id).unwrap()).collect();
    assert!(texts.iter().any(String::is_empty) && texts.iter().all(|text| !text.contains('�')));

    let mut cut_off = LLAMA3.stream();
    assert_eq!(cut_off.push(75_966).unwrap(), " ");
    assert!(cut_off.push(999_999).is_err());
    assert_eq!(cut_off.finish(), "�");
}

#[test]
fn smollm2_encodes_every_case() {
    let oracle = &*SMOLLM2_ORACLE;
    let groups = ["tokenizer_cases", "digit_split_cases", "prompts"];
    let cases: Vec<&Value> = groups.iter().flat_map(|group| list(&oracle[*group])).collect();
    assert_eq!(cases.len(), 45 + 8 + 10);
    for case in cases {
        check_case(&SMOLLM2, case);
        check_stream(&SMOLLM2, &ids(&case["ids"]));
    }
    let expected = &oracle["tokenizer"];
    assert_eq!(SMOLLM2.pattern(), expected["pattern_for_rank_merge"]);
    assert_eq!(SMOLLM2.special_tokens().len(), 17);
    for (name, id) in SMOLLM2.special_tokens() {
        assert_eq!(expected["special_tokens"][&name], id);
    }
    let missing: Vec<u32> = SMOLLM2.missing_bytes().into_iter().map(u32::from).collect();
    assert_eq!(missing, ids(&expected["bytes_without_a_token"]));
    assert_eq!((SMOLLM2.bos(), SMOLLM2.stop_tokens()), (None, &[2, 0][..]));
    assert_eq!(SMOLLM2.vocab_size(), 49_152);
    assert_eq!(SMOLLM2.prompt("A"), [49]);
}

#[test]
fn merging_ends_at_the_tokens_of_encode() {
    let show = |tokenizer: &Tokenizer, piece: &str| -> Vec<String> {
        let ids = tokenizer.encode(piece);
        ids.into_iter().map(|id| tokenizer.token(id)).collect()
    };
    for tokenizer in [&LLAMA3, &SMOLLM2] {
        for case in list(&ORACLE["cases"]).iter().chain([&Value::Null]) {
            let text = case["text"].as_str().unwrap_or("!\x04! a\u{50000}");
            let pieces = tokenizer.pieces(text);
            assert_eq!(pieces.concat(), text);
            for piece in pieces.iter().filter(|piece| piece.len() < 300) {
                let steps = tokenizer.merges(piece);
                assert_eq!(steps.last().unwrap(), &show(tokenizer, piece), "{piece:?}");
            }
        }
    }
    let steps = LLAMA3.merges("lower");
    assert_eq!(steps[0], ["l", "o", "w", "e", "r"]);
    assert!(steps.windows(2).all(|step| step[1].len() == step[0].len() - 1));
    assert_eq!(LLAMA3.merges("你")[0], ["<E4>", "<BD>", "<A0>"]);
    assert_eq!(LLAMA3.pieces("I'm 12345 years"), ["I", "'m", " ", "123", "45", " years"]);
}

#[test]
fn ids_and_bytes_name_each_other() {
    for tokenizer in [&LLAMA3, &SMOLLM2] {
        for id in 0..tokenizer.vocab_size() as u32 {
            let bytes = tokenizer.token_bytes(id).unwrap();
            let special = tokenizer.special(&String::from_utf8_lossy(&bytes));
            assert_eq!(tokenizer.rank(&bytes).or(special), Some(id));
        }
    }
    assert_eq!(LLAMA3.token(2983), "42");
    assert_eq!(LLAMA3.token(128_300), "<unused 128300>");
    assert_eq!(LLAMA3.token_bytes(128_300), None);
    let error = LLAMA3.decode(&[42, 128_300]).unwrap_err().to_string();
    assert!(error.contains("128300") && error.contains("128255"), "{error}");
}

/// Llama 3's vocabulary begins with OpenAI's, byte for byte. Every token of it is within reach of
/// merging; of those that Meta added, 588 are not.
#[test]
fn llama3_begins_with_cl100k() {
    let tokenizer = meta(Llama3Specials::Llama3);
    let cl100k = llama3::tokenizer::cl100k().unwrap();
    assert_eq!(cl100k.len(), 100_256);
    for (id, token) in cl100k.iter().enumerate() {
        assert_eq!(tokenizer.token_bytes(id as u32).as_ref(), Some(token), "{id}");
    }
    let merged = |id: &u32| merges_to_one(&tokenizer, &tokenizer.token_bytes(*id).unwrap());
    assert!((0..100_256).all(|id| merged(&id)));
    let added: Vec<u32> = (100_256..128_000).collect();
    assert_eq!(added.len(), 27_744);
    let out_of_reach: Vec<u32> = added.into_iter().filter(|id| !merged(id)).collect();
    assert_eq!((out_of_reach.len(), out_of_reach[0]), (588, 100_769));
}

/// Whether joining the pair of the lowest rank again and again ends in one token.
fn merges_to_one(tokenizer: &Tokenizer, token: &[u8]) -> bool {
    let mut cuts: Vec<usize> = (0..=token.len()).collect();
    while cuts.len() > 2 {
        let pairs = cuts.windows(3).enumerate();
        let ranks = pairs.filter_map(|(i, w)| Some((tokenizer.rank(&token[w[0]..w[2]])?, i)));
        let Some((_, i)) = ranks.min() else { return false };
        cuts.remove(i + 1);
    }
    true
}
