//! Text ↔ token ids.
//!
//! A model reads whole numbers, so text is cut into tokens and each token has an id. Llama 3 cuts
//! in two steps:
//!
//! 1. A regular expression cuts the text into pieces, roughly words ([`Tokenizer::pieces`]).
//! 2. Inside each piece, byte-pair encoding starts from single bytes and merges the two neighbours
//!    whose joined bytes have the lowest rank, again and again ([`Tokenizer::merges`]). The rank of
//!    a token is its id.
//!
//! Special tokens such as `<|begin_of_text|>` stand outside of this: no text becomes one unless it
//! is asked to ([`Tokenizer::encode_with_special`]).
//!
//! Source: Sennrich et al. 2016, <https://arxiv.org/abs/1508.07909>; `llama/tokenizer.py` in
//! meta-llama/llama3. The merging is done by [`tiktoken_rs`], as Meta's code leaves it to tiktoken.

mod byte_level;
mod chat;
mod gguf;
mod hugging_face;
mod llama3;
mod pieces;
mod stream;
mod vocabulary;

pub use chat::Message;
pub use llama3::Llama3Specials;
pub use stream::TextStream;

use crate::error::{Error, Result};
use chat::ChatFormat;
use fancy_regex::Regex;
use std::sync::Arc;
use tiktoken_rs::CoreBPE;
use vocabulary::Vocabulary;

/// Special tokens that end an answer, in the models this crate reads.
const STOP_TOKENS: [&str; 5] =
    ["<|end_of_text|>", "<|eom_id|>", "<|eot_id|>", "<|im_end|>", "<|endoftext|>"];

/// Turns text into token ids and back. Cheap to clone; owns everything it needs.
///
/// ```
/// use llama3::prelude::*;
/// let file = weights::llama3_tokenizer()?; // Meta's, fetched once
/// let llama3 = Tokenizer::from_tiktoken_file(file, Llama3Specials::Llama3)?;
/// assert_eq!(llama3.encode(" is 42"), [374, 220, 2983]);
/// assert_eq!(llama3.token(2983), "42");
/// assert_eq!(llama3.prompt("the"), [128000, 1820]); // BOS first
/// assert_eq!(llama3.decode(&[1820, 4320])?, "the answer");
/// # Ok::<(), llama3::Error>(())
/// ```
#[derive(Clone)]
pub struct Tokenizer {
    bpe: Arc<CoreBPE>,
    vocabulary: Arc<Vocabulary>,
    pattern: &'static str,
    splitter: Regex,
    special_finder: Option<Regex>,
    bos: Option<u32>,
    stop_tokens: Vec<u32>,
    chat_format: Option<ChatFormat>,
}

impl Tokenizer {
    /// BOS, the stop tokens and the chat format follow from the names of the special tokens; a
    /// file that says more about them overrides them afterwards.
    fn new(vocabulary: Vocabulary, pattern: &'static str) -> Result<Self> {
        let problem = |e: String| vocabulary.problem(format!("cannot be used: {e}"));
        let bpe = CoreBPE::new(
            vocabulary.ranks.clone(),
            vocabulary.special.clone().into_iter().collect(),
            pattern,
        )
        .map_err(|e| problem(e.to_string()))?;
        let special = |name: &str| vocabulary.special.get(name).copied();
        Ok(Self {
            bpe: Arc::new(bpe),
            pattern,
            splitter: Regex::new(pattern).map_err(|e| problem(e.to_string()))?,
            special_finder: vocabulary.special_finder()?,
            bos: special("<|begin_of_text|>"),
            stop_tokens: STOP_TOKENS.into_iter().filter_map(special).collect(),
            chat_format: ChatFormat::of_special_tokens(&vocabulary.special),
            vocabulary: Arc::new(vocabulary),
        })
    }

    /// The token ids of `text`, which may look like a special token: it stays plain text.
    ///
    /// No BOS is added. A few bytes have no token in some vocabularies (see
    /// [`missing_bytes`](Self::missing_bytes)): they are left out, and what is left of their piece
    /// is merged as if they had never been there, as in the original tokenizer.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.encode_into(text, &mut ids);
        ids
    }

    /// As [`encode`](Self::encode), but text such as `<|eot_id|>` becomes that special token.
    ///
    /// Never feed it a stranger's text: whoever writes the special tokens speaks for every role.
    pub fn encode_with_special(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        let mut start = 0;
        let finder = self.special_finder.iter();
        for found in finder.flat_map(|finder| finder.find_iter(text)).flatten() {
            self.encode_into(&text[start..found.start()], &mut ids);
            ids.extend(self.special(found.as_str()));
            start = found.end();
        }
        self.encode_into(&text[start..], &mut ids);
        ids
    }

    /// What the model is given for a bare prompt: BOS if this model uses one, then the text.
    pub fn prompt(&self, text: &str) -> Vec<u32> {
        let mut ids: Vec<u32> = self.bos.into_iter().collect();
        self.encode_into(text, &mut ids);
        ids
    }

    /// The token that begins every sequence: Llama 3 has one, SmolLM2 has none.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The tokens after which an answer is over.
    pub fn stop_tokens(&self) -> &[u32] {
        &self.stop_tokens
    }

    /// The text of `ids`. Bytes that are no valid UTF-8 become U+FFFD (�).
    ///
    /// # Errors
    /// An id without a token.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.decode_bytes(ids)?).into_owned())
    }

    /// The bytes of `ids`, one token after the other. A token may be part of a character.
    ///
    /// # Errors
    /// An id without a token.
    pub fn decode_bytes(&self, ids: &[u32]) -> Result<Vec<u8>> {
        self.bpe.decode_bytes(ids).map_err(|e| {
            Error::Tokenizer(format!(
                "no token has the id {}: this vocabulary has the ids 0 to {}",
                e.token,
                self.vocab_size() - 1
            ))
        })
    }

    /// A stream that turns ids into text one at a time.
    pub fn stream(&self) -> TextStream {
        TextStream::new(self)
    }

    /// One token, to show to a person: a byte that is only part of a character is shown in
    /// hexadecimal, such as `<E4>`, and an id without a token as `<unused 128300>`.
    pub fn token(&self, id: u32) -> String {
        match self.token_bytes(id) {
            Some(bytes) => byte_level::show(&bytes),
            None => format!("<unused {id}>"),
        }
    }

    /// The bytes of one token.
    pub fn token_bytes(&self, id: u32) -> Option<Vec<u8>> {
        self.bpe.decode_bytes(&[id]).ok()
    }

    /// The rank, and so the id, of the token that is exactly these bytes; no special tokens.
    pub fn rank(&self, bytes: &[u8]) -> Option<u32> {
        self.vocabulary.ranks.get(bytes).copied()
    }

    /// The id of the special token of that name, such as `<|eot_id|>`.
    pub fn special(&self, name: &str) -> Option<u32> {
        self.vocabulary.special.get(name).copied()
    }

    /// The special tokens and their ids, by id.
    pub fn special_tokens(&self) -> Vec<(String, u32)> {
        let special = self.vocabulary.special.iter();
        let mut list: Vec<_> = special.map(|(name, &id)| (name.clone(), id)).collect();
        list.sort_by_key(|&(_, id)| id);
        list
    }

    /// The highest id + 1.
    pub fn vocab_size(&self) -> usize {
        self.vocabulary.size()
    }

    /// The regular expression that cuts text into pieces.
    pub fn pattern(&self) -> &str {
        self.pattern
    }

    /// The bytes without a token. Llama 3 lacks none; SmolLM2 lacks 21, of which valid UTF-8 uses
    /// 8: six control characters, and the first byte of characters in the planes 4 to 11, which
    /// Unicode has not assigned.
    pub fn missing_bytes(&self) -> Vec<u8> {
        (0..=255).filter(|&b| !self.has_byte(b)).collect()
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.vocabulary.path.display();
        write!(f, "Tokenizer of {} tokens from {path}", self.vocab_size())
    }
}
