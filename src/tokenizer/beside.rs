//! The files beside a tokenizer's that say which tokens have which job, and how a chat is written:
//! `tokenizer_config.json`, `config.json`, `generation_config.json` and `chat_template.jinja`.

use super::file;
use super::roles::Roles;
use super::template::Template;
use super::vocabulary::Vocabulary;
use crate::error::{Error, Result};
use serde_json::Value;
use std::path::PathBuf;

impl Roles {
    /// Obeys the files beside the vocabulary's.
    pub fn obey_files_beside(&mut self, vocabulary: &Vocabulary) -> Result<()> {
        let open = |name| Beside::open(vocabulary, name);
        let config = open("tokenizer_config.json")?;
        let (model, generation) = (open("config.json")?, open("generation_config.json")?);
        let numbered = model.ids("bos_token_id")?;
        let mut numbered = numbered.into_iter().filter(|&id| vocabulary.has_id(id));
        self.bos = config.token("bos_token")?.or(numbered.next()).or(self.bos);
        self.eos = config.token("eos_token")?;
        self.put_around(config.flag("add_bos_token")?, config.flag("add_eos_token")?)
            .map_err(|key| config.problem(key, "no token is named for it"))?;
        self.stop_at(model.ids("eos_token_id")?);
        self.stop_at(generation.ids("eos_token_id")?);
        self.stop_at(self.eos);
        self.template = config.template()?;
        Ok(())
    }
}

/// One of the files. One that is not there says nothing.
struct Beside<'a> {
    vocabulary: &'a Vocabulary,
    path: PathBuf,
    keys: Value,
}

impl<'a> Beside<'a> {
    fn open(vocabulary: &'a Vocabulary, name: &str) -> Result<Self> {
        let path = vocabulary.path.with_file_name(name);
        let keys = if path.exists() { file::json(&path)? } else { Value::Null };
        Ok(Self { vocabulary, path, keys })
    }

    /// The token that a key names: its text, by itself or as the `content` of an object.
    fn token(&self, key: &str) -> Result<Option<u32>> {
        let value = &self.keys[key];
        let name = value.as_str().or(value["content"].as_str());
        match name.and_then(|name| self.vocabulary.id(name)) {
            None if !value.is_null() => Err(self.problem(key, "no added token has this name")),
            id => Ok(id),
        }
    }

    /// One id, or a list of them.
    fn ids(&self, key: &str) -> Result<Vec<u32>> {
        let list = match &self.keys[key] {
            Value::Null => &[],
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        let ids = list.iter().map(|id| id.as_u64()?.try_into().ok());
        let ids: Option<Vec<u32>> = ids.collect();
        ids.ok_or_else(|| self.problem(key, "expected the id of a token, or a list of ids"))
    }

    fn flag(&self, key: &str) -> Result<Option<bool>> {
        match &self.keys[key] {
            Value::Null => Ok(None),
            Value::Bool(flag) => Ok(Some(*flag)),
            _ => Err(self.problem(key, "expected true or false")),
        }
    }

    /// The chat template: a file of its own, or a text here, or the one called `default` in a list.
    fn template(&self) -> Result<Option<Template>> {
        let path = self.path.with_file_name("chat_template.jinja");
        if path.exists() {
            let source = std::fs::read_to_string(&path).map_err(|e| Error::io(&path, e))?;
            return Ok(Some(Template { path, source }));
        }
        let source = match &self.keys["chat_template"] {
            Value::Null => return Ok(None),
            Value::Array(list) => {
                let default = list.iter().find(|named| named["name"] == "default");
                default.and_then(|default| default["template"].as_str())
            }
            Value::Object(named) => named.get("default").and_then(Value::as_str),
            other => other.as_str(),
        };
        let expected = "expected a text, or several with one that is named default";
        let source = source.ok_or_else(|| self.problem("chat_template", expected))?;
        Ok(Some(Template { path: self.path.clone(), source: source.into() }))
    }

    fn problem(&self, key: &str, problem: &str) -> Error {
        Error::Config {
            path: self.path.clone(),
            key: key.into(),
            value: self.keys[key].to_string(),
            problem: problem.into(),
        }
    }
}
