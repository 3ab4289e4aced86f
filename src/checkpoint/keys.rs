//! One description file as keys and values, with error messages that name the file and the key.

use super::description::GgufMetadata;
use crate::error::{Error, Result};
use candle_core::quantized::gguf_file::Value as GgufValue;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The longest description file that is read at all, in bytes.
const LONGEST_JSON: u64 = 1 << 20;

/// The keys of one description file, with the path for the error messages.
pub struct Keys {
    path: PathBuf,
    prefix: String,
    values: serde_json::Map<String, Value>,
}

impl Keys {
    pub fn open(path: &Path) -> Result<Keys> {
        let size = std::fs::metadata(path)
            .map_err(|e| Error::io(path, e))?
            .len();
        if size > LONGEST_JSON {
            return Err(not_json(
                path,
                format!("{size} bytes are too many for a description"),
            ));
        }
        let text = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        match serde_json::from_slice(&text) {
            Ok(Value::Object(values)) => Ok(Keys {
                path: path.to_owned(),
                prefix: String::new(),
                values,
            }),
            Ok(_) => Err(not_json(path, "expected a JSON object { … }".into())),
            Err(e) => Err(not_json(path, format!("not valid JSON ({e})"))),
        }
    }

    /// Scalars only: the tokenizer's lists are read elsewhere.
    pub fn from_gguf(metadata: &GgufMetadata, path: &Path) -> Keys {
        let scalar = |value: &GgufValue| match value {
            GgufValue::String(s) => Some(Value::from(s.as_str())),
            GgufValue::Bool(b) => Some(Value::from(*b)),
            // The shortest decimal that is this f32: 1e-5, not 9.99999974737875e-6.
            GgufValue::F32(x) => x.to_string().parse::<f64>().ok().map(Value::from),
            GgufValue::F64(x) => Some(Value::from(*x)),
            GgufValue::I8(i) => Some(Value::from(*i)),
            GgufValue::I16(i) => Some(Value::from(*i)),
            GgufValue::I32(i) => Some(Value::from(*i)),
            GgufValue::I64(i) => Some(Value::from(*i)),
            GgufValue::Array(_) => None,
            other => other.to_u64().ok().map(Value::from),
        };
        Keys {
            path: path.to_owned(),
            prefix: String::new(),
            values: (metadata.iter())
                .filter_map(|(key, value)| Some((key.clone(), scalar(value)?)))
                .collect(),
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// `null` counts as absent.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    pub fn error(&self, key: &str, problem: &str) -> Error {
        let value = self.get(key).map_or("(not there)".into(), Value::to_string);
        Error::Config {
            path: self.path.clone(),
            key: format!("{}{key}", self.prefix),
            value,
            problem: problem.into(),
        }
    }

    pub fn required<T>(&self, key: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.error(key, "this key is required"))
    }

    pub fn optional_size(&self, key: &str) -> Result<Option<usize>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_u64().and_then(|n| usize::try_from(n).ok()) {
            Some(n) => Ok(Some(n)),
            None => Err(self.error(key, "expected a positive whole number")),
        }
    }

    pub fn size(&self, key: &str) -> Result<usize> {
        self.required(key, self.optional_size(key)?)
    }

    pub fn optional_number(&self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_f64() {
            Some(x) => Ok(Some(x)),
            None => Err(self.error(key, "expected a number")),
        }
    }

    pub fn number(&self, key: &str) -> Result<f64> {
        self.required(key, self.optional_number(key)?)
    }

    pub fn flag(&self, key: &str) -> Result<bool> {
        match self.get(key) {
            None => Ok(false),
            Some(Value::Bool(b)) => Ok(*b),
            Some(_) => Err(self.error(key, "expected true or false")),
        }
    }

    pub fn text(&self, key: &str) -> Result<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s.clone())),
            Some(_) => Err(self.error(key, "expected a text")),
        }
    }

    pub fn object(&self, key: &str) -> Result<Option<Keys>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(values)) => Ok(Some(Keys {
                path: self.path.clone(),
                prefix: format!("{key}."),
                values: values.clone(),
            })),
            Some(_) => Err(self.error(key, "expected an object { … }")),
        }
    }

    pub fn expect_text(&self, key: &str, expected: &str) -> Result<()> {
        match self.text(key)? {
            Some(found) if found == expected => Ok(()),
            _ => Err(self.error(
                key,
                &format!("this crate runs Llama models: expected {expected:?}"),
            )),
        }
    }

    pub fn refuse_present(&self, key: &str, problem: &str) -> Result<()> {
        match self.has(key) {
            true => Err(self.error(key, problem)),
            false => Ok(()),
        }
    }

    /// A key that is almost one of ours would otherwise be ignored, and its default used.
    pub fn refuse_misspelt(&self, known: &[&str]) -> Result<()> {
        let plain = |key: &str| key.to_lowercase().replace(['_', '-', ' '], "");
        for key in self
            .values
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
        {
            let meant = known
                .iter()
                .find(|known| !self.has(known) && one_edit_apart(&plain(key), &plain(known)));
            if let Some(meant) = meant {
                return Err(self.error(key, &format!("unknown key; is {meant} meant?")));
            }
        }
        Ok(())
    }
}

fn not_json(path: &Path, problem: String) -> Error {
    Error::file(
        path,
        problem,
        "download the file again from the model's repository",
    )
}

/// Equal, or one letter added, left out or changed.
fn one_edit_apart(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() {
        (&a, &b)
    } else {
        (&b, &a)
    };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let rest = usize::from(short.len() == long.len());
    short.get(same + rest..).unwrap_or(&[]) == long.get(same + 1..).unwrap_or(&[])
}
