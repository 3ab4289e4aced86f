//! Which tokenizer belongs to weights, and whether they were trained to answer.

use super::names::Dialect;
use super::stored::WeightFile;
use super::{Checkpoint, Format, gguf, weights};
use crate::config::{LLAMA3_8B, SMOLLM2_135M};
use crate::error::{Error, Result};
use crate::tokenizer::{Llama3Specials, Tokenizer, is_sentencepiece};
use candle_core::quantized::gguf_file::Value;
use std::path::{Path, PathBuf};

/// The tokenizer inside or beside the weights, or the one that all models of this vocabulary share.
pub fn tokenizer(checkpoint: &Checkpoint) -> Result<Tokenizer> {
    let n_tokens = checkpoint.config.vocab_size;
    let is_rehearsal = checkpoint.format == Format::Rehearsal;
    let (tokenizer, path) = if let Some(file) = &checkpoint.gguf {
        (of_gguf(file)?, file.path.clone())
    } else if let Some(path) = tokenizer_file(checkpoint).filter(|_| !is_rehearsal) {
        (of_file(checkpoint, &path)?, path)
    } else if n_tokens == LLAMA3_8B.vocab_size {
        let path = weights::llama3_tokenizer()?;
        (of_file(checkpoint, &path)?, path)
    } else if n_tokens == SMOLLM2_135M.vocab_size && is_rehearsal {
        let path = weights::small_model()?;
        (of_gguf(&WeightFile::open(&path)?)?, path)
    } else {
        let problem = "there is no tokenizer.model or tokenizer.json with the weights";
        let hint = "copy it from the model's repository, or give token ids directly";
        return Err(Error::file(&checkpoint.path, problem, hint));
    };
    if tokenizer.fits(n_tokens) {
        return Ok(tokenizer);
    }
    let problem = format!("a tokenizer of more tokens than the model's {n_tokens}");
    let hint = "take the tokenizer from the model's own repository, or give token ids directly";
    Err(Error::file(path, problem, hint))
}

fn of_file(checkpoint: &Checkpoint, path: &Path) -> Result<Tokenizer> {
    if path.ends_with("tokenizer.json") {
        return Tokenizer::from_hugging_face_file(path);
    }
    let specials = match checkpoint.config.rope_scaling {
        None => Llama3Specials::Llama3,
        Some(_) => Llama3Specials::Llama31,
    };
    Tokenizer::from_tiktoken_file(path, specials)
}

fn of_gguf(file: &WeightFile) -> Result<Tokenizer> {
    Tokenizer::from_gguf_metadata(&gguf::metadata(file)?, &file.path)
}

/// Who laid the weights out decides which of two tokenizers is theirs: a fine-tune in Hugging Face's
/// layout has its tokens in `tokenizer.json`, and often the first model's `tokenizer.model` beside it.
fn tokenizer_file(checkpoint: &Checkpoint) -> Option<PathBuf> {
    let path = &checkpoint.path;
    let dir = if path.is_dir() { path } else { path.parent()? };
    let names = match checkpoint.dialect {
        Dialect::HuggingFace => ["tokenizer.json", "tokenizer.model"],
        _ => ["tokenizer.model", "tokenizer.json"],
    };
    let above = dir.ends_with("original").then(|| dir.parent()).flatten();
    let dirs = [Some(dir.to_owned()), Some(dir.join("original")), above.map(Path::to_owned)];
    let places = dirs.iter().flatten();
    let files = names.iter().flat_map(|name| places.clone().map(move |dir| dir.join(name)));
    let files: Vec<PathBuf> = files.filter(|file| file.exists()).collect();
    // Llama 2's vocabulary is no Llama 3's, unless there is nothing else.
    let usable = files.iter().find(|file| !is_sentencepiece(file));
    usable.or(files.first()).cloned()
}

/// Whether a model was trained to answer, and what says so.
pub fn answers(checkpoint: &Checkpoint, tokenizer: &Tokenizer) -> (bool, String) {
    if checkpoint.format == Format::Rehearsal {
        return (false, "random weights were trained for nothing".into());
    }
    if tokenizer.chat_template().is_some() {
        return (true, "its files hold a chat template".into());
    }
    let metadata = checkpoint.gguf.as_ref().and_then(|file| gguf::metadata(file).ok());
    let said = |key| match metadata.as_ref()?.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    let names = [said("general.finetune"), said("general.name"), Some(checkpoint.name.clone())];
    let is_chat = |name: &&String| name.to_lowercase().contains("instruct");
    match names.iter().flatten().find(is_chat) {
        Some(name) => (true, format!("no chat template, but it is called {name}")),
        None => (false, "no chat template, and it is not called Instruct".into()),
    }
}
