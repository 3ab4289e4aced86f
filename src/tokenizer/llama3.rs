//! Meta's `tokenizer.model`: one token a line, its bytes in base64 and its rank.

use super::added::Added;
use super::pieces::LLAMA3_PATTERN;
use super::roles::Roles;
use super::vocabulary::Vocabulary;
use super::{Tokenizer, byte_level, file};
use crate::error::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::path::Path;

/// Tokens in Meta's file, the special tokens not counted.
const N_RANKS: usize = 128_000;
/// Special tokens, which follow them; the file does not mention them.
const N_SPECIAL: usize = 256;

/// Which special tokens: Llama 3 has one table, Llama 3.1 and everything after it another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Llama3Specials {
    /// Llama 3.
    Llama3,
    /// Llama 3.1, 3.2 and 3.3.
    Llama31,
}

impl Llama3Specials {
    /// The named tokens, by their distance from 128000.
    fn named(self) -> &'static [(usize, &'static str)] {
        match self {
            Self::Llama3 => &[
                (0, "begin_of_text"),
                (1, "end_of_text"),
                (6, "start_header_id"),
                (7, "end_header_id"),
                (9, "eot_id"),
            ],
            Self::Llama31 => &[
                (0, "begin_of_text"),
                (1, "end_of_text"),
                (4, "finetune_right_pad_id"),
                (5, "step_id"),
                (6, "start_header_id"),
                (7, "end_header_id"),
                (8, "eom_id"),
                (9, "eot_id"),
                (10, "python_tag"),
                (11, "image"),
            ],
        }
    }

    /// All 256 names in order; those between the named ones are reserved, numbered from 0.
    fn names(self) -> Vec<String> {
        let mut reserved = 0..;
        let mut name = |i| match self.named().iter().find(|&&(at, _)| at == i) {
            Some((_, name)) => format!("<|{name}|>"),
            None => format!("<|reserved_special_token_{}|>", reserved.next().unwrap_or(i)),
        };
        (0..N_SPECIAL).map(&mut name).collect()
    }
}

impl Tokenizer {
    /// Reads Meta's `tokenizer.model`, which is the same file from Llama 3 to 3.3.
    ///
    /// Source: `llama/tokenizer.py` in meta-llama/llama3 and `models/llama3/tokenizer.py` in
    /// meta-llama/llama-models.
    ///
    /// # Errors
    /// Not 128,000 lines of `base64 rank` with the ranks 0, 1, 2, …; any other kind of file.
    pub fn from_tiktoken_file(path: impl AsRef<Path>, specials: Llama3Specials) -> Result<Self> {
        let path = path.as_ref();
        let bytes = file::read(path)?;
        let mut vocabulary = Vocabulary::new(path);
        for (rank, line) in bytes.trim_ascii_end().split(|&b| b == b'\n').enumerate() {
            let token = parse_line(line, rank).ok_or_else(|| bad_line(path, line, rank))?;
            vocabulary.add(token, rank as u32)?;
        }
        let n_ranks = vocabulary.ranks.len();
        if n_ranks != N_RANKS {
            let problem = format!("expected {N_RANKS} tokens, found {n_ranks}");
            return Err(Error::file(path, problem, HINT));
        }
        for (i, name) in specials.names().iter().enumerate() {
            vocabulary.add_whole(name, Added::special((N_RANKS + i) as u32))?;
        }
        let mut roles = Roles::of_names(&vocabulary);
        roles.obey_files_beside(&vocabulary)?;
        Self::new(vocabulary, LLAMA3_PATTERN, roles)
    }
}

/// The tokens of OpenAI's cl100k_base, the vocabulary of GPT-4, in the order of their ranks; Llama 3
/// begins with the same ones.
///
/// # Errors
/// None: the vocabulary is part of this program.
pub fn cl100k() -> Result<Vec<Vec<u8>>> {
    const N_RANKS: u32 = 100_256;
    let vocabulary = tiktoken_rs::cl100k_base_singleton();
    let token = |rank| vocabulary.decode_bytes(&[rank]);
    let tokens = (0..N_RANKS).map(token).collect::<std::result::Result<_, _>>();
    tokens.map_err(|_| Error::Argument("cl100k_base has other tokens than it had".into()))
}

const HINT: &str = "download it again; Llama 3's tokenizer.model has 2,183,982 bytes";

/// The token of a line `base64 rank`, which must have the rank `rank`.
fn parse_line(line: &[u8], rank: usize) -> Option<Vec<u8>> {
    let (token, number) = std::str::from_utf8(line).ok()?.trim_ascii_end().split_once(' ')?;
    let token = BASE64.decode(token).ok()?;
    (number.parse() == Ok(rank) && !token.is_empty()).then_some(token)
}

fn bad_line(path: &Path, line: &[u8], rank: usize) -> Error {
    let start = byte_level::show(&line[..line.len().min(60)]);
    let problem = format!(
        "line {}: expected a token in base64, a space and {rank}; found {start:?}",
        rank + 1
    );
    Error::file(path, problem, HINT)
}
