//! From what was typed to the tokens that the model reads.

use crate::options::Args;
use crate::pretty::note;
use llama3::prelude::*;
use llama3::tokenizer::Message;
use std::io::{IsTerminal, Read};
use std::string::FromUtf8Error;

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
    let text = String::from_utf8(bytes).map_err(not_utf8)?;
    // Some shells put a byte order mark before what they pipe.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    match text.strip_suffix('\r').unwrap_or(text) {
        "" => Err(Error::Argument("the prompt on stdin is empty".into())),
        text => Ok(text.to_string()),
    }
}

fn not_utf8(error: FromUtf8Error) -> Error {
    let (place, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
    let advice = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        "it is UTF-16, which `iconv -f UTF-16 -t UTF-8` converts"
    } else {
        "was it cut in the middle of a character? If it is Latin-1, \
         `iconv -f LATIN1 -t UTF-8` converts it"
    };
    Error::Argument(format!("the prompt on stdin is not UTF-8 (byte {place}): {advice}"))
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
