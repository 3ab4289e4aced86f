//! One description file as keys and values, with error messages that name the file and the key.

use super::description::GgufMetadata;
use crate::error::{Error, Result};
use candle_core::quantized::gguf_file::Value as GgufValue;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The longest description file that is read at all, in bytes.
const LONGEST_JSON: u64 = 1 << 20;

/// The keys of one description file, or of an object inside it.
pub struct Keys {
    path: PathBuf,
    prefix: String,
    values: Map<String, Value>,
}

impl Keys {
    /// A JSON file that holds one object.
    pub fn open(path: &Path) -> Result<Keys> {
        let io = |e| Error::io(path, e);
        let not_json = |problem| {
            let hint = "download the file again from the model's repository";
            Err(Error::file(path, problem, hint))
        };
        let size = std::fs::metadata(path).map_err(io)?.len();
        if size > LONGEST_JSON {
            return not_json(format!("{size} bytes are too many for a description"));
        }
        let text = std::fs::read(path).map_err(io)?;
        // Some editors put a byte order mark before every text.
        match serde_json::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text)) {
            Ok(Value::Object(values)) => {
                Ok(Keys { path: path.to_owned(), prefix: String::new(), values })
            }
            Ok(_) => not_json("expected a JSON object { … }".into()),
            Err(e) => not_json(format!("not valid JSON ({e})")),
        }
    }

    /// But for the tokenizer's lists, which are read elsewhere.
    pub fn from_gguf(metadata: &GgufMetadata, path: &Path) -> Keys {
        let values = metadata.iter();
        Keys {
            path: path.to_owned(),
            prefix: String::new(),
            values: values
                .filter(|(key, _)| !key.starts_with("tokenizer."))
                .map(|(key, value)| (key.clone(), json_of_gguf(value)))
                .collect(),
        }
    }

    /// All keys and values, in this object and not in those inside it.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.values.iter()
    }

    /// The value of a key, whose type follows from where it is put; `null` counts as absent.
    pub fn optional<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Result<Option<T>> {
        let Some(value) = self.get(key)? else {
            return Ok(None);
        };
        let read = T::deserialize(value).map(Some);
        read.map_err(|e| self.error(key, &in_our_words(&e.to_string())))
    }

    pub fn required<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Result<T> {
        let value = self.optional(key)?;
        value.ok_or_else(|| self.error(key, "this key is required"))
    }

    /// An absent flag is `false`.
    pub fn flag(&self, key: &str) -> Result<bool> {
        Ok(self.optional(key)?.unwrap_or(false))
    }

    /// No key says anything.
    pub fn is_empty(&self) -> bool {
        self.values.values().all(Value::is_null)
    }

    /// The keys inside an object.
    pub fn object(&self, key: &str) -> Result<Option<Keys>> {
        match self.get(key)? {
            None => Ok(None),
            Some(Value::Object(values)) => Ok(Some(Keys {
                path: self.path.clone(),
                prefix: format!("{key}."),
                values: values.clone(),
            })),
            Some(_) => Err(self.error(key, "expected an object { … }")),
        }
    }

    /// Refuses another text than the one that every Llama has here.
    pub fn expect(&self, key: &str, expected: &str) -> Result<()> {
        if self.optional(key)? == Some(expected) {
            return Ok(());
        }
        let problem = format!("this crate runs Llama models: expected {expected:?}");
        Err(self.error(key, &problem))
    }

    pub fn error(&self, key: &str, problem: &str) -> Error {
        let value = self.values.get(key).filter(|value| !value.is_null());
        Error::Config {
            path: self.path.clone(),
            key: format!("{}{key}", self.prefix),
            value: value.map_or("(not there)".into(), Value::to_string),
            problem: problem.into(),
        }
    }

    /// A key that is almost the one that is absent would be passed over, and a default used.
    fn get(&self, key: &str) -> Result<Option<&Value>> {
        let value = self.values.get(key).filter(|value| !value.is_null());
        if value.is_some() {
            return Ok(value);
        }
        let plain = |key: &str| key.to_lowercase().replace(['_', '-', ' '], "");
        let is_close =
            |other: &&String| *other != key && one_edit_apart(&plain(other), &plain(key));
        match self.values.keys().find(is_close) {
            None => Ok(None),
            Some(other) => Err(self.error(other, &format!("unknown key; is {key} meant?"))),
        }
    }
}

fn json_of_gguf(value: &GgufValue) -> Value {
    match value {
        GgufValue::String(s) => Value::from(s.as_str()),
        GgufValue::Bool(b) => Value::from(*b),
        // The shortest decimal that is this f32: 1e-5, not 9.99999974737875e-6.
        GgufValue::F32(x) => x.to_string().parse::<f64>().map_or(Value::Null, Value::from),
        GgufValue::F64(x) => Value::from(*x),
        GgufValue::I8(i) => Value::from(*i),
        GgufValue::I16(i) => Value::from(*i),
        GgufValue::I32(i) => Value::from(*i),
        GgufValue::I64(i) => Value::from(*i),
        GgufValue::U8(i) => Value::from(*i),
        GgufValue::U16(i) => Value::from(*i),
        GgufValue::U32(i) => Value::from(*i),
        GgufValue::U64(i) => Value::from(*i),
        GgufValue::Array(list) => list.iter().map(json_of_gguf).collect(),
    }
}

/// serde says "invalid type: string "389", expected usize", and the value is said already.
fn in_our_words(problem: &str) -> String {
    let (_, expected) = problem.rsplit_once("expected ").unwrap_or(("", problem));
    let words = match expected {
        "usize" => "a positive whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a borrowed string" => "a text",
        other => other,
    };
    format!("expected {words}")
}

/// Equal, or one letter added, left out or changed.
fn one_edit_apart(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let rest = usize::from(short.len() == long.len());
    short.get(same + rest..).unwrap_or(&[]) == long.get(same + 1..).unwrap_or(&[])
}
