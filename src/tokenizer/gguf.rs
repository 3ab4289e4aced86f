//! The tokenizer inside a GGUF file.
//!
//! Source: the keys `tokenizer.ggml.*` of
//! <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use super::Tokenizer;
use super::added::Added;
use super::byte_level::bytes_of;
use super::pieces::{LLAMA3_PATTERN, SMOLLM2_PATTERN};
use super::roles::Roles;
use super::template::Template;
use super::vocabulary::Vocabulary;
use crate::error::{Error, Result};
use candle_core::quantized::gguf_file::Value;
use std::collections::HashMap;
use std::path::Path;

/// The metadata of one file.
struct Metadata<'a> {
    values: &'a HashMap<String, Value>,
    path: &'a Path,
}

impl Tokenizer {
    /// Reads the tokenizer from a GGUF file's metadata; `path` only serves the error messages.
    ///
    /// # Errors
    /// A kind of tokenizer other than Llama 3's and SmolLM2's; a missing or damaged key; ids in
    /// another order than the merges.
    pub fn from_gguf_metadata(
        metadata: &HashMap<String, Value>,
        path: impl AsRef<Path>,
    ) -> Result<Self> {
        let path = path.as_ref();
        let values = metadata;
        let metadata = Metadata { values, path };
        let pattern = metadata.pattern()?;
        let mut vocabulary = Vocabulary::new(path);
        metadata.add_tokens(&mut vocabulary)?;
        let merges = metadata.array("merges")?;
        vocabulary.check_merges(merges.iter().map(|merge| text(merge)?.split_once(' ')))?;
        let roles = metadata.roles(&vocabulary, pattern)?;
        Self::new(vocabulary, pattern, roles)
    }
}

impl<'a> Metadata<'a> {
    fn pattern(&self) -> Result<&'static str> {
        let model = self.text("model")?;
        if model != "gpt2" {
            let kind = match model {
                "llama" => "a SentencePiece vocabulary, as of Llama 1 and 2",
                _ => "no byte-level BPE",
            };
            return Err(self.problem(format!("tokenizer.ggml.model is {model:?}: {kind}")));
        }
        match self.text("pre")? {
            "llama-bpe" | "llama3" | "llama-v3" => Ok(LLAMA3_PATTERN),
            "smollm" => Ok(SMOLLM2_PATTERN),
            other => Err(self.problem(format!(
                "tokenizer.ggml.pre is {other:?}: expected \"llama-bpe\" or \"smollm\""
            ))),
        }
    }

    /// `token_type`: 1 is a normal token, 2 and 3 are unknown and control tokens, 4 a user-defined
    /// one, which is found in every text; 5 is not used, 6 is a byte of SentencePiece.
    fn add_tokens(&self, vocabulary: &mut Vocabulary) -> Result<()> {
        let (tokens, types) = (self.array("tokens")?, self.array("token_type")?);
        if tokens.is_empty() || tokens.len() != types.len() {
            let (n, types) = (tokens.len(), types.len());
            return Err(self.problem(format!("{n} tokens but {types} token types")));
        }
        for (id, (token, token_type)) in (0..).zip(tokens.iter().zip(types)) {
            let damaged =
                || self.problem(format!("token {id} is {token:?} of type {token_type:?}"));
            let token = text(token).ok_or_else(damaged)?;
            match number(token_type) {
                Some(1) => vocabulary.add(bytes_of(token).ok_or_else(damaged)?, id)?,
                Some(kind @ 2..=4) => {
                    let is_special = kind != 4;
                    let added = Added::special(id);
                    vocabulary.add_whole(token, Added { is_special, ..added })?;
                }
                Some(5) => {}
                _ => return Err(damaged()),
            }
        }
        Ok(())
    }

    /// As llama.cpp has it: BOS begins the texts of a Llama 3 unless the file says otherwise.
    fn roles(&self, vocabulary: &Vocabulary, pattern: &str) -> Result<Roles> {
        let mut roles = Roles::of_names(vocabulary);
        let id = |key| self.id(key, vocabulary);
        roles.bos = id("bos_token_id")?.or(roles.bos);
        roles.eos = id("eos_token_id")?;
        let is_llama3 = pattern == LLAMA3_PATTERN;
        roles.before = roles.bos.filter(|_| is_llama3).into_iter().collect();
        let put = roles.put_around(self.flag("add_bos_token")?, self.flag("add_eos_token")?);
        put.map_err(|key| self.problem(format!("tokenizer.ggml.{key} names no token")))?;
        for key in ["eos_token_id", "eot_token_id", "eom_token_id"] {
            roles.stop_at(id(key)?);
        }
        // The key has no `ggml.` in it.
        roles.template = match self.values.get("tokenizer.chat_template") {
            None => None,
            Some(Value::String(source)) => {
                Some(Template { path: self.path.to_owned(), source: source.clone() })
            }
            Some(_) => return Err(self.problem("tokenizer.chat_template is no text")),
        };
        Ok(roles)
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.values.get(&format!("tokenizer.ggml.{key}"))
    }

    fn text(&self, key: &str) -> Result<&'a str> {
        let value = self.get(key).and_then(text);
        value.ok_or_else(|| self.problem(format!("tokenizer.ggml.{key} is missing or no text")))
    }

    fn array(&self, key: &str) -> Result<&'a [Value]> {
        match self.get(key) {
            Some(Value::Array(values)) => Ok(values),
            _ => Err(self.problem(format!("tokenizer.ggml.{key} is missing or no array"))),
        }
    }

    fn flag(&self, key: &str) -> Result<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            _ => Err(self.problem(format!("tokenizer.ggml.{key} is not true or false"))),
        }
    }

    /// An id that must have a token, or None if the key is not there.
    fn id(&self, key: &str, vocabulary: &Vocabulary) -> Result<Option<u32>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match number(value).filter(|&id| vocabulary.has_id(id)) {
            Some(id) => Ok(Some(id)),
            None => Err(self.problem(format!("tokenizer.ggml.{key} is not the id of a token"))),
        }
    }

    fn problem(&self, problem: impl Into<String>) -> Error {
        let hint = "take a GGUF file of Llama 3 or SmolLM2, or download this one again";
        Error::file(self.path, problem, hint)
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u32> {
    match *value {
        Value::U8(n) => Some(n.into()),
        Value::I8(n) => n.try_into().ok(),
        Value::U16(n) => Some(n.into()),
        Value::I16(n) => n.try_into().ok(),
        Value::U32(n) => Some(n),
        Value::I32(n) => n.try_into().ok(),
        Value::U64(n) => n.try_into().ok(),
        Value::I64(n) => n.try_into().ok(),
        _ => None,
    }
}
