//! Hugging Face's `tokenizer.json`.

use super::added::Added;
use super::byte_level::bytes_of;
use super::pieces::{LLAMA3_PATTERN, SMOLLM2_PATTERN};
use super::roles::Roles;
use super::vocabulary::Vocabulary;
use super::{Tokenizer, file};
use crate::error::{Error, Result};
use serde_json::{Value, json};
use std::path::Path;

impl Tokenizer {
    /// Reads a `tokenizer.json` of Llama 3 or SmolLM2: byte-level BPE whose ids follow the order of
    /// its merges, so that they can serve as ranks.
    ///
    /// What is put around a text, what ends an answer and how a chat is written, this file and those
    /// beside it say: `tokenizer_config.json`, `chat_template.jinja`, `config.json` and
    /// `generation_config.json`.
    ///
    /// # Errors
    /// Anything else: SentencePiece vocabularies (Llama 2), a normalizer, an unknown splitting
    /// pattern, ids in another order than the merges, a damaged file.
    pub fn from_hugging_face_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let json = file::json(path)?;
        check_kind(path, &json)?;
        let pattern = pattern(path, &json["pre_tokenizer"])?;
        let mut vocabulary = Vocabulary::new(path);
        add_tokens(&mut vocabulary, &json)?;
        let merges = json["model"]["merges"].as_array();
        let merges = merges.ok_or_else(|| vocabulary.problem("model.merges is missing"))?;
        vocabulary.check_merges(merges.iter().map(pair))?;
        let mut roles = Roles::of_names(&vocabulary);
        put_around(&vocabulary, &json["post_processor"], &mut roles)?;
        roles.obey_files_beside(&vocabulary)?;
        Self::new(vocabulary, pattern, roles)
    }
}

fn check_kind(path: &Path, json: &Value) -> Result<()> {
    let model = &json["model"];
    let unsupported = |problem: &str| {
        let hint = "take the tokenizer.json of a Llama 3 or SmolLM2 repository";
        Err(Error::file(path, problem, hint))
    };
    if model["vocab"].is_array() || model["type"].as_str().is_some_and(|kind| kind != "BPE") {
        return unsupported("model.type is not BPE");
    }
    if model["byte_fallback"] == true {
        return unsupported("this is a SentencePiece vocabulary, as of Llama 1 and 2");
    }
    let normalizer = &json["normalizer"];
    if !normalizer.is_null() && normalizer["normalizers"] != json!([]) {
        return unsupported("it changes the text first (normalizer), which this crate does not");
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
        if model[key].as_str().is_some_and(|affix| !affix.is_empty()) {
            return unsupported("it marks parts of words, so it is not byte-level");
        }
    }
    Ok(())
}

/// The splitting pattern: Llama 3's stands in the file, SmolLM2's is a rule and GPT-2's pattern.
fn pattern(path: &Path, pre_tokenizer: &Value) -> Result<&'static str> {
    let steps = pre_tokenizer["pretokenizers"].as_array();
    if let Some([first, second]) = steps.map(Vec::as_slice)
        && second["type"] == "ByteLevel"
        && second["add_prefix_space"] != true
    {
        let gpt2_pattern = second["use_regex"] != false;
        if first["pattern"]["Regex"] == LLAMA3_PATTERN
            && first["behavior"] == "Isolated"
            && first["invert"] != true
            && !gpt2_pattern
        {
            return Ok(LLAMA3_PATTERN);
        }
        if first["type"] == "Digits" && first["individual_digits"] == true && gpt2_pattern {
            return Ok(SMOLLM2_PATTERN);
        }
    }
    let found: String = pre_tokenizer.to_string().chars().take(300).collect();
    Err(Error::file(
        path,
        format!("pre_tokenizer: expected the one of Llama 3 or of SmolLM2, found {found}"),
        "take the tokenizer.json of a Llama 3 or SmolLM2 repository",
    ))
}

fn add_tokens(vocabulary: &mut Vocabulary, json: &Value) -> Result<()> {
    let tokens = json["model"]["vocab"].as_object();
    let tokens = tokens.ok_or_else(|| vocabulary.problem("model.vocab is missing"))?;
    let beside = listed_beside(&vocabulary.path, json)?;
    for token in json["added_tokens"].as_array().into_iter().flatten().chain(&beside) {
        let (name, added_id) = (token["content"].as_str(), id(&token["id"]));
        let (Some(name), Some(added_id)) = (name, added_id) else {
            return Err(vocabulary.problem(format!("added_tokens: no content or id in {token}")));
        };
        if token["single_word"] == true {
            return Err(vocabulary.problem(format!("{name} counts only as a single word")));
        }
        let added = Added {
            id: tokens.get(name).and_then(id).unwrap_or(added_id), // as tokenizers does
            is_special: token["special"] != false,
            takes_space: ["lstrip", "rstrip"].map(|key| token[key] == true),
        };
        vocabulary.add_whole(name, added)?;
    }
    for (token, value) in tokens {
        let id = id(value);
        let id = id.ok_or_else(|| vocabulary.problem(format!("{token:?} has the id {value}")))?;
        match (bytes_of(token), vocabulary.added.get(token)) {
            (Some(bytes), None) => vocabulary.add(bytes, id)?,
            (Some(bytes), Some(twin)) if bytes.len() == 1 || !twin.is_special => {
                vocabulary.rank(bytes, id)?;
            }
            (_, Some(_)) => {} // SmolLM2 lists its special tokens a second time, among the others
            (None, None) => {
                return Err(vocabulary.problem(format!(
                    "{token:?}, id {id}, is not written in GPT-2's bytes: not a byte-level vocabulary"
                )));
            }
        }
    }
    Ok(())
}

/// `tokenizer_config.json` lists the added tokens, too, and sometimes more of them.
fn listed_beside(path: &Path, json: &Value) -> Result<Vec<Value>> {
    let path = path.with_file_name("tokenizer_config.json");
    let config = if path.exists() { file::json(&path)? } else { Value::Null };
    let known = json["added_tokens"].as_array().into_iter().flatten();
    let known: Vec<&Value> = known.map(|token| &token["content"]).collect();
    let listed = config["added_tokens_decoder"].as_object().into_iter().flatten();
    let more = listed.filter(|(_, token)| token.is_object() && !known.contains(&&token["content"]));
    let with_id = |(id, token): (&String, &Value)| {
        let mut token = token.clone();
        token["id"] = id.parse::<u32>().ok().into();
        token
    };
    Ok(more.map(with_id).collect())
}

/// What a post-processor puts around a text: `TemplateProcessing` lists special tokens and the text.
fn put_around(vocabulary: &Vocabulary, processor: &Value, roles: &mut Roles) -> Result<()> {
    match processor["type"].as_str() {
        None | Some("ByteLevel") => {}
        Some("Sequence") => {
            for step in processor["processors"].as_array().into_iter().flatten() {
                put_around(vocabulary, step, roles)?;
            }
        }
        _ => {
            let around = around(processor);
            [roles.before, roles.behind] = around.ok_or_else(|| {
                vocabulary.problem(format!("post_processor: not understood: {processor}"))
            })?;
        }
    }
    Ok(())
}

/// The special tokens before and behind the text.
fn around(processor: &Value) -> Option<[Vec<u32>; 2]> {
    let items = processor["single"].as_array()?;
    let text = items.iter().position(|item| item["Sequence"].is_object())?;
    let ids = |item: &Value| -> Option<Vec<u32>> {
        let name = item["SpecialToken"]["id"].as_str()?;
        let ids = processor["special_tokens"][name]["ids"].as_array()?;
        ids.iter().map(id).collect()
    };
    let all = |items: &[Value]| items.iter().map(ids).collect::<Option<Vec<_>>>();
    let (before, behind) = (all(&items[..text])?, all(&items[text + 1..])?);
    Some([before.concat(), behind.concat()])
}

fn id(value: &Value) -> Option<u32> {
    value.as_u64()?.try_into().ok()
}

/// A merge is a string, `"Ġ t"`, or in newer files an array, `["Ġ", "t"]`.
fn pair(merge: &Value) -> Option<(&str, &str)> {
    match merge {
        Value::String(pair) => pair.split_once(' '),
        Value::Array(pair) => match &pair[..] {
            [left, right] => Some((left.as_str()?, right.as_str()?)),
            _ => None,
        },
        _ => None,
    }
}
