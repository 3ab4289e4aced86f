//! From what was typed to the tokens that the model reads.

use crate::options::Args;
use crate::pretty::note;
use llama3::prelude::*;
use llama3::tokenizer::Message;
use std::io::{IsTerminal, Read};

/// The prompt itself, or what stdin holds.
pub fn text(args: &Args) -> Result<String> {
    if args.prompt != "-" {
        return Ok(args.prompt.clone());
    }
    if std::io::stdin().is_terminal() {
        note("Type the prompt, and end it with Ctrl-D (on Windows Ctrl-Z and Enter)");
    }
    let mut bytes = vec![];
    let read = std::io::stdin().read_to_end(&mut bytes);
    read.map_err(|source| Error::Io { path: "stdin".into(), source })?;
    let text = decoded(&bytes)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    match text.strip_suffix('\r').unwrap_or(text) {
        "" => Err(Error::Argument("the prompt on stdin is empty".into())),
        text => Ok(text.to_string()),
    }
}

/// UTF-8, unless a byte order mark says otherwise, which some shells put before all that they pipe.
fn decoded(bytes: &[u8]) -> Result<String> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err(not_text(
            "UTF-8 or UTF-16",
            0,
            "it is UTF-32, which `iconv -f UTF-32 -t UTF-8` converts",
        )),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest, 3),
        _ => utf8(bytes, 0),
    }
}

fn utf8(bytes: &[u8], n_before: usize) -> Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let advice = "was it cut in the middle of a character? If it is Latin-1, \
                      `iconv -f LATIN1 -t UTF-8` converts it";
        not_text("UTF-8", n_before + e.valid_up_to(), advice)
    })?;
    Ok(text.into())
}

/// What comes after the mark, two bytes to a unit.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String> {
    let cut = |at| not_text("UTF-16", 2 + at, "was it cut in the middle of a character?");
    let (pairs, rest) = bytes.as_chunks();
    let mut text = String::new();
    for c in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.push(c.map_err(|_| cut(2 * text.encode_utf16().count()))?);
    }
    if rest.is_empty() { Ok(text) } else { Err(cut(bytes.len() - 1)) }
}

fn not_text(expected: &str, place: usize, advice: &str) -> Error {
    Error::Argument(format!("the prompt on stdin is not {expected} (byte {place}): {advice}"))
}

/// Whether the prompt is a question to answer or a text to continue, and why.
pub fn is_chat(args: &Args, checkpoint: &Checkpoint, tokenizer: &Tokenizer) -> (bool, String) {
    if args.raw {
        (false, "--raw says so".into())
    } else if args.chat || args.system.is_some() {
        (true, "as asked for".into())
    } else {
        checkpoint.answers(tokenizer)
    }
}

/// The prompt in tokens, in the form that the model was trained for.
pub fn ids(
    args: &Args,
    prompt: &str,
    is_chat: bool,
    tokenizer: &Tokenizer,
    checkpoint: &Checkpoint,
) -> Result<Vec<u32>> {
    let ids = if is_chat { chat(args, prompt, tokenizer)? } else { tokenizer.prompt(prompt) };
    let (n_tokens, most) = (ids.len(), checkpoint.config.max_seq_len);
    if n_tokens > most {
        return Err(Error::Argument(format!(
            "the prompt has {n_tokens} tokens, and {} was made for {most}: shorten it",
            checkpoint.name
        )));
    }
    Ok(ids)
}

fn chat(args: &Args, prompt: &str, tokenizer: &Tokenizer) -> Result<Vec<u32>> {
    let system = args.system.iter().map(|text| Message::new("system", text));
    let messages: Vec<Message> = system.chain([Message::new("user", prompt)]).collect();
    tokenizer.chat(&messages).map_err(|e| {
        let hint = "or continue the prompt as it is, with --raw";
        Error::Argument(format!("{e}; {hint}"))
    })
}
