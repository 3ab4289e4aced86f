//! Showing text while it is being generated.

use super::Tokenizer;
use crate::error::Result;

/// Turns ids into text one at a time, and never breaks a character in two.
///
/// One token may end in the middle of a character: what is not complete waits for the next ones.
/// All the pieces together are [`Tokenizer::decode`] of all the ids.
///
/// ```
/// # use llama3::prelude::*;
/// # let file = weights::llama3_tokenizer()?;
/// # let llama3 = Tokenizer::from_tiktoken_file(file, Llama3Specials::Llama3)?;
/// let mut stream = llama3.stream();
/// let shown = llama3.encode("A 🦙").into_iter().map(|id| stream.push(id));
/// let shown = shown.collect::<Result<Vec<String>>>()?;
/// assert_eq!(shown.first().map(String::as_str), Some("A"));
/// assert!(shown.contains(&String::new())); // part of a character waits
/// assert_eq!(shown.concat(), "A 🦙");
/// # Ok::<(), llama3::Error>(())
/// ```
pub struct TextStream {
    tokenizer: Tokenizer,
    waiting: Vec<u8>,
}

impl TextStream {
    /// An empty stream. A notebook can keep it in a variable: it owns its tokenizer.
    pub fn new(tokenizer: &Tokenizer) -> Self {
        Self { tokenizer: tokenizer.clone(), waiting: Vec::new() }
    }

    /// The text that is complete now that `id` has come; often empty in Chinese or emoji.
    ///
    /// # Errors
    /// An id without a token; the stream goes on as if it had not come.
    pub fn push(&mut self, id: u32) -> Result<String> {
        self.waiting.extend(self.tokenizer.decode_bytes(&[id])?);
        let complete = self.waiting.len() - unfinished(&self.waiting);
        let rest = self.waiting.split_off(complete);
        let bytes = std::mem::replace(&mut self.waiting, rest);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What is still waiting, which is a � or nothing: no more tokens will complete it.
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.waiting).into_owned()
    }
}

/// How many bytes at the end are the beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    let last = bytes.utf8_chunks().last();
    let tail = last.map_or(&[][..], |chunk| chunk.invalid());
    match std::str::from_utf8(tail) {
        // No error length: the bytes are right so far, only too few.
        Err(e) if e.error_len().is_none() => tail.len(),
        _ => 0,
    }
}
