//! Tokens outside of merging: a text is cut at their names, and only what lies between is merged.

use super::Tokenizer;
use super::vocabulary::Vocabulary;
use crate::error::Result;
use fancy_regex::Regex;
use std::cmp::Reverse;

/// What is known of an added token but its name.
#[derive(Clone, Copy)]
pub(super) struct Added {
    pub id: u32,
    /// A special token is only found where it is asked for, any other in every text.
    pub is_special: bool,
    /// Does it take the white space before it along, and that behind it?
    pub takes_space: [bool; 2],
}

impl Added {
    /// A special token as nearly all are.
    pub fn special(id: u32) -> Self {
        Self { id, is_special: true, takes_space: [false; 2] }
    }
}

impl Vocabulary {
    /// Finds some of the added tokens in a text, the longest where several begin.
    pub fn finder(&self, which: impl Fn(&Added) -> bool) -> Result<Option<Regex>> {
        let meant = self.added.iter().filter(|(_, added)| which(added));
        let mut names: Vec<_> = meant.map(|(name, _)| fancy_regex::escape(name)).collect();
        if names.is_empty() {
            return Ok(None);
        }
        names.sort_by_key(|name| Reverse(name.len()));
        let finder = Regex::new(&names.join("|"));
        finder.map(Some).map_err(|e| self.problem(e.to_string()))
    }
}

impl Tokenizer {
    /// What lies between the added tokens that are found, each with the id of the one behind it.
    pub(super) fn cut<'a>(
        &self,
        text: &'a str,
        finder: &Option<Regex>,
    ) -> Vec<(&'a str, Option<u32>)> {
        let mut parts = vec![];
        let mut start = 0;
        let finder = finder.iter();
        for found in finder.flat_map(|finder| finder.find_iter(text)).flatten() {
            let Some(added) = self.vocabulary.added.get(found.as_str()) else {
                continue; // the finder finds nothing else
            };
            let [before, behind] = added.takes_space;
            let part = text.get(start..found.start()).unwrap_or_default();
            parts.push((if before { part.trim_end() } else { part }, Some(added.id)));
            start = found.end();
            if behind {
                start = text.len() - text[start..].trim_start().len();
            }
        }
        parts.push((&text[start..], None));
        parts
    }
}
