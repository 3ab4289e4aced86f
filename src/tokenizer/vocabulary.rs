//! What every tokenizer file comes down to: byte strings with ranks, and tokens added to them.

use super::added::Added;
use super::byte_level::{bytes_of, show};
use crate::error::{Error, Result};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// The tokens read from one file.
pub(super) struct Vocabulary {
    pub path: PathBuf,
    /// Token bytes → rank. The rank is the id, and the lowest is merged first.
    pub ranks: FxHashMap<Vec<u8>, u32>,
    /// Name → token, of those that are found in a text as a whole.
    pub added: BTreeMap<String, Added>,
    /// The bytes that are tokens.
    pub has_byte: [bool; 256],
    ids: HashSet<u32>,
}

impl Vocabulary {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            ranks: FxHashMap::default(),
            added: BTreeMap::new(),
            has_byte: [false; 256],
            ids: HashSet::new(),
        }
    }

    /// Adds a token that merging can make.
    pub fn add(&mut self, bytes: Vec<u8>, id: u32) -> Result<()> {
        self.claim(id)?;
        self.rank(bytes, id)
    }

    /// Gives a token, which may have been [added](Self::add_whole) before, a rank.
    pub fn rank(&mut self, bytes: Vec<u8>, id: u32) -> Result<()> {
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

    /// Adds a token that is found in a text as a whole.
    pub fn add_whole(&mut self, name: &str, added: Added) -> Result<()> {
        let id = added.id;
        if name.is_empty() {
            return Err(self.problem(format!("the added token with the id {id} has no name")));
        }
        if self.added.insert(name.to_owned(), added).is_some() {
            return Err(self.problem(format!("{name} is added twice")));
        }
        self.claim(id)
    }

    fn claim(&mut self, id: u32) -> Result<()> {
        if self.ids.insert(id) {
            return Ok(());
        }
        Err(self.problem(format!("two tokens have the id {id}")))
    }

    pub fn has_id(&self, id: u32) -> bool {
        self.ids.contains(&id)
    }

    /// The id of an added token.
    pub fn id(&self, name: &str) -> Option<u32> {
        self.added.get(name).map(|added| added.id)
    }

    /// The highest id + 1.
    pub fn size(&self) -> usize {
        self.ids.iter().max().map_or(0, |&id| id as usize + 1)
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
        // An added token is cut out of a text before anything is merged.
        made.extend(self.added.values().map(|added| added.id));
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
