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
//! is asked to ([`Tokenizer::encode_with_special`]). Other tokens that were added to a vocabulary,
//! such as `<think>`, are found in every text.
//!
//! Source: Sennrich et al. 2016, <https://arxiv.org/abs/1508.07909>; `llama/tokenizer.py` in
//! meta-llama/llama3. The merging is done by [`tiktoken_rs`], as Meta's code leaves it to tiktoken.

mod added;
mod beside;
mod byte_level;
mod chat;
mod file;
mod gguf;
mod hugging_face;
mod llama3;
mod pieces;
mod roles;
mod stream;
mod template;
mod vocabulary;

pub use chat::Message;
pub(crate) use file::is_sentencepiece;
pub use llama3::{Llama3Specials, cl100k};
pub use stream::TextStream;

use crate::error::{Error, Result};
use fancy_regex::Regex;
use roles::Roles;
use std::sync::Arc;
use tiktoken_rs::CoreBPE;
use vocabulary::Vocabulary;

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
    roles: Arc<Roles>,
    pattern: &'static str,
    splitter: Regex,
    /// Finds the added tokens that count in every text.
    plain_added: Option<Regex>,
    /// Finds all added tokens.
    all_added: Option<Regex>,
}

impl Tokenizer {
    fn new(vocabulary: Vocabulary, pattern: &'static str, mut roles: Roles) -> Result<Self> {
        roles.template = roles.template.filter(|template| !template.source.trim().is_empty());
        let problem = |e: String| vocabulary.problem(format!("cannot be used: {e}"));
        let added = vocabulary.added.iter();
        let bpe = CoreBPE::new(
            vocabulary.ranks.clone(),
            added.map(|(name, added)| (name.clone(), added.id)).collect(),
            pattern,
        );
        Ok(Self {
            bpe: Arc::new(bpe.map_err(|e| problem(e.to_string()))?),
            roles: Arc::new(roles),
            pattern,
            splitter: Regex::new(pattern).map_err(|e| problem(e.to_string()))?,
            plain_added: vocabulary.finder(|added| !added.is_special)?,
            all_added: vocabulary.finder(|_| true)?,
            vocabulary: Arc::new(vocabulary),
        })
    }

    /// The token ids of `text`, which may look like a special token: it stays plain text.
    ///
    /// No BOS is added. A few bytes have no token in some vocabularies (see
    /// [`missing_bytes`](Self::missing_bytes)): they are left out, and what is left of their piece
    /// is merged as if they had never been there, as in the original tokenizer.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.encode_around(&self.plain_added, text)
    }

    /// As [`encode`](Self::encode), but text such as `<|eot_id|>` becomes that special token.
    ///
    /// Never feed it a stranger's text: whoever writes the special tokens speaks for every role.
    pub fn encode_with_special(&self, text: &str) -> Vec<u32> {
        self.encode_around(&self.all_added, text)
    }

    fn encode_around(&self, finder: &Option<Regex>, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        for (part, token) in self.cut(text, finder) {
            self.merge_text(part, &mut ids);
            ids.extend(token);
        }
        ids
    }

    /// What the model is given for a bare prompt: the text, and what its files put around a text.
    /// That is BOS before it, for a Llama 3, and nothing for SmolLM2.
    pub fn prompt(&self, text: &str) -> Vec<u32> {
        let Roles { before, behind, .. } = &*self.roles;
        [before.as_slice(), &self.encode(text), behind].concat()
    }

    /// The token that begins every sequence: Llama 3 has one, SmolLM2 has none.
    pub fn bos(&self) -> Option<u32> {
        self.roles.before.first().copied()
    }

    /// The tokens after which an answer is over.
    pub fn stop_tokens(&self) -> &[u32] {
        &self.roles.stop
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

    /// The id of the added token of that name, such as `<|eot_id|>`.
    pub fn special(&self, name: &str) -> Option<u32> {
        self.vocabulary.id(name)
    }

    /// The added tokens, which nearly always are special tokens, and their ids, by id.
    pub fn special_tokens(&self) -> Vec<(String, u32)> {
        let added = self.vocabulary.added.iter();
        let mut list: Vec<_> = added.map(|(name, added)| (name.clone(), added.id)).collect();
        list.sort_by_key(|&(_, id)| id);
        list
    }

    /// Do the tokens that merging makes all have a row in a table of so many? An added token may lie
    /// beyond it: nothing draws it, and a model refuses it.
    pub(crate) fn fits(&self, n_rows: usize) -> bool {
        let highest = self.vocabulary.ranks.values().max();
        highest.is_none_or(|&id| (id as usize) < n_rows)
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
