//! What every tokenizer file comes down to: byte strings with ranks, and special tokens.

use super::byte_level::{bytes_of, show};
use crate::error::{Error, Result};
use fancy_regex::Regex;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// Larger than any tokenizer file: a checkpoint given by mistake is not read into memory.
const MAX_FILE_SIZE: u64 = 128 << 20;

/// The tokens read from one file. Every id and every token occurs once.
pub(super) struct Vocabulary {
    pub path: PathBuf,
    /// Token bytes → rank. The rank is the id, and the lowest is merged first.
    pub ranks: FxHashMap<Vec<u8>, u32>,
    /// Name → id.
    pub special: BTreeMap<String, u32>,
    /// The bytes that are tokens.
    pub has_byte: [bool; 256],
    ids: HashSet<u32>,
}

impl Vocabulary {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            ranks: FxHashMap::default(),
            special: BTreeMap::new(),
            has_byte: [false; 256],
            ids: HashSet::new(),
        }
    }

    /// Adds a token that merging can make.
    pub fn add(&mut self, bytes: Vec<u8>, id: u32) -> Result<()> {
        self.claim(id)?;
        if bytes.is_empty() {
            return Err(self.problem(format!("the token with the id {id} is empty")));
        }
        if let [byte] = bytes[..] {
            self.has_byte[byte as usize] = true;
        }
        match self.ranks.insert(bytes, id) {
            None => Ok(()),
            Some(first) => {
                Err(self.problem(format!("the ids {first} and {id} are the same token")))
            }
        }
    }

    /// Adds a token that no text is turned into.
    pub fn add_special(&mut self, name: &str, id: u32) -> Result<()> {
        self.claim(id)?;
        if name.is_empty() {
            return Err(self.problem(format!("the special token with the id {id} has no name")));
        }
        match self.special.insert(name.to_owned(), id) {
            None => Ok(()),
            Some(first) => Err(self.problem(format!("{name} has two ids, {first} and {id}"))),
        }
    }

    /// tiktoken-rs panics on an id that occurs twice, so it is refused here.
    fn claim(&mut self, id: u32) -> Result<()> {
        if self.ids.insert(id) {
            return Ok(());
        }
        Err(self.problem(format!("two tokens have the id {id}")))
    }

    /// The highest id + 1.
    pub fn size(&self) -> usize {
        self.ids.iter().max().map_or(0, |&id| id as usize + 1)
    }

    /// Finds special tokens in text, the longest where several begin.
    pub fn special_finder(&self) -> Result<Option<Regex>> {
        if self.special.is_empty() {
            return Ok(None);
        }
        let mut names: Vec<_> = self.special.keys().map(|s| fancy_regex::escape(s)).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let finder = Regex::new(&names.join("|"));
        finder.map(Some).map_err(|e| self.problem(e.to_string()))
    }

    /// Checks that the ids can serve as ranks.
    ///
    /// Files with a list of merges apply it in its order; ranks apply the merge with the lowest
    /// resulting id. So the results' ids must never fall along the list, and no token may be within
    /// reach of ranks that no merge makes. (Ranks also join a + bc where the list only has ab + c.
    /// A trained vocabulary never gets there: it would have listed that merge.)
    pub fn check_merges<'a>(
        &self,
        merges: impl Iterator<Item = Option<(&'a str, &'a str)>>,
    ) -> Result<()> {
        let mut made = HashSet::new();
        let mut last = 0;
        for (i, merge) in merges.enumerate() {
            let pair = merge.ok_or_else(|| self.problem(format!("merge {i} is not a pair")))?;
            let id = self.merged(pair).ok_or_else(|| {
                let (left, right) = pair;
                self.problem(format!("merge {i}, {left:?} with {right:?}, is not among the tokens"))
            })?;
            if id < last {
                return Err(self.problem(format!(
                    "merge {i} makes token {id}, after a merge that makes token {last}: the ids \
                     do not follow the order of the merges"
                )));
            }
            last = id;
            made.insert(id);
        }
        self.check_unmade(&made)
    }

    /// The id that two tokens make together, if all three are tokens.
    fn merged(&self, (left, right): (&str, &str)) -> Option<u32> {
        let (left, right) = (bytes_of(left)?, bytes_of(right)?);
        self.ranks.get(&left)?;
        self.ranks.get(&right)?;
        self.ranks.get(&[left, right].concat()).copied()
    }

    fn check_unmade(&self, made: &HashSet<u32>) -> Result<()> {
        let is_token = |bytes: &[u8]| self.ranks.contains_key(bytes);
        let unmade = self.ranks.iter().filter(|(_, id)| !made.contains(id));
        for (token, id) in unmade {
            let mut cuts = 1..token.len();
            if cuts.any(|cut| is_token(&token[..cut]) && is_token(&token[cut..])) {
                return Err(self.problem(format!("no merge makes token {id}, {:?}", show(token))));
            }
        }
        Ok(())
    }

    /// An error about this file.
    pub fn problem(&self, problem: impl Into<String>) -> Error {
        Error::file(
            &self.path,
            problem,
            "the file is damaged or of a model that this crate does not read; download it again, \
             from a Llama 3 or SmolLM2 repository",
        )
    }
}

/// Reads a tokenizer file, and says so if it is plainly something else.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let io = |e| Error::io(path, e);
    let size = std::fs::metadata(path).map_err(io)?.len();
    if size > MAX_FILE_SIZE {
        return Err(Error::file(
            path,
            format!("{size} bytes is too large for a tokenizer"),
            "give the path of tokenizer.model or tokenizer.json, not of the weights",
        ));
    }
    let bytes = std::fs::read(path).map_err(io)?;
    match mistaken_for(&bytes) {
        Some((problem, hint)) => Err(Error::file(path, problem, hint)),
        None => Ok(bytes),
    }
}

/// What people have instead of the file, told from its first bytes.
fn mistaken_for(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let starts = |prefix: &str| bytes.trim_ascii_start().starts_with(prefix.as_bytes());
    if bytes.trim_ascii().is_empty() {
        Some(("the file is empty", "download it again"))
    } else if starts("version https://git-lfs") {
        Some((
            "this is a Git LFS pointer, not the tokenizer itself",
            "run `git lfs pull` in the repository, or download the file by its link",
        ))
    } else if starts("<") {
        Some((
            "this is a web page, not a tokenizer",
            "the download probably needs a login; log in and download again",
        ))
    } else if bytes.starts_with(b"\n")
        && bytes[..bytes.len().min(64)].windows(5).any(|w| w == b"<unk>")
    {
        Some((
            "this is a SentencePiece vocabulary, as of Llama 1 and 2",
            "take the tokenizer.model of a Llama 3 model",
        ))
    } else {
        None
    }
}
