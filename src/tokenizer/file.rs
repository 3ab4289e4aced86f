//! Reading a tokenizer file, and saying so if it is plainly something else.

use crate::error::{Error, Result};
use std::io::Read;
use std::path::Path;

/// Larger than any tokenizer file: a checkpoint given by mistake is not read into memory.
const MAX_FILE_SIZE: u64 = 128 << 20;

/// The bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let io = |e| Error::io(path, e);
    let size = std::fs::metadata(path).map_err(io)?.len();
    if size > MAX_FILE_SIZE {
        let problem = format!("{size} bytes is too large for a tokenizer");
        let hint = "give the path of tokenizer.model or tokenizer.json, not of the weights";
        return Err(Error::file(path, problem, hint));
    }
    let bytes = std::fs::read(path).map_err(io)?;
    match mistaken_for(&bytes) {
        Some((problem, hint)) => Err(Error::file(path, problem, hint)),
        None => Ok(bytes),
    }
}

/// The value in a JSON file.
pub(super) fn json(path: &Path) -> Result<serde_json::Value> {
    let text = read(path)?;
    // Some editors put a byte order mark before every text.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    serde_json::from_slice(text).map_err(|e| {
        let hint = "download the file again from the model's repository";
        Error::file(path, format!("not valid JSON: {e}"), hint)
    })
}

/// The vocabulary of Llama 1 and 2 is written by SentencePiece, under the same name as Llama 3's.
pub(crate) fn is_sentencepiece(path: &Path) -> bool {
    let mut start = vec![];
    let file = std::fs::File::open(path);
    let read = file.and_then(|file| file.take(64).read_to_end(&mut start));
    read.is_ok() && begins_as_sentencepiece(&start)
}

fn begins_as_sentencepiece(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(64)];
    start.starts_with(b"\n") && start.windows(5).any(|window| window == b"<unk>")
}

/// What people have instead of the file, told from its first bytes.
fn mistaken_for(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let starts = |prefix: &str| bytes.trim_ascii_start().starts_with(prefix.as_bytes());
    if bytes.trim_ascii().is_empty() {
        Some(("the file is empty", "download it again"))
    } else if starts("version https://git-lfs") {
        Some((
            "this is a Git LFS pointer, not the file itself",
            "run `git lfs pull` in the repository, or download the file by its link",
        ))
    } else if starts("<") {
        Some((
            "this is a web page, not a tokenizer",
            "the download probably needs a login; log in and download again",
        ))
    } else if begins_as_sentencepiece(bytes) {
        Some((
            "this is a SentencePiece vocabulary, as of Llama 1 and 2",
            "take the tokenizer.model of a Llama 3 model",
        ))
    } else {
        None
    }
}
