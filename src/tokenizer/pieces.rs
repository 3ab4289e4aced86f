//! Cutting text into pieces, and merging the bytes of a piece into tokens.

use super::{Tokenizer, byte_level};
use tiktoken_rs::byte_pair_split;

/// Meta's pattern for Llama 3: contractions, words with the character before them, numbers of up
/// to three digits, punctuation, line ends, white space.
pub const LLAMA3_PATTERN: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// SmolLM2 first cuts off every digit, then applies GPT-2's pattern to what lies between. As one
/// pattern: a digit is a piece, and white space ends where the text or a digit does.
pub const SMOLLM2_PATTERN: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+";

/// Characters in a row that are all white space, or all not, before the text is cut: as in Meta's
/// `tokenizer.py`, because the regex engine gives up on runs of about a million.
const MAX_RUN: usize = 25_000;

impl Tokenizer {
    /// The pieces that the pattern cuts `text` into, before any merging. No merge crosses a cut.
    pub fn pieces(&self, text: &str) -> Vec<String> {
        let pieces = runs(text).into_iter().flat_map(|run| self.pieces_of_run(run));
        pieces.map(str::to_owned).collect()
    }

    /// How byte-pair encoding merges one piece: the first step is its single bytes, each further
    /// step joins two neighbours, and the last one is the tokens of [`encode`](Self::encode).
    ///
    /// `piece` is one of [`pieces`](Self::pieces), so a word; the answer grows with the square of
    /// its length. 588 tokens of Llama 3 are not within reach of merging: tiktoken looks the whole
    /// piece up first, which is here the last step. Bytes are shown as in [`token`](Self::token).
    pub fn merges(&self, piece: &str) -> Vec<Vec<String>> {
        let bytes = self.bytes_with_a_token(piece);
        let mut cuts: Vec<usize> = (0..=bytes.len()).collect();
        let show = |cuts: &[usize]| -> Vec<String> {
            let tokens = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
            tokens.map(byte_level::show).collect()
        };
        // Two neighbours lie between three cuts; the lowest rank wins, then the leftmost pair.
        let best = |cuts: &[usize]| {
            let pairs = cuts.windows(3).enumerate();
            let ranked = pairs.filter_map(|(i, w)| Some((self.rank(&bytes[w[0]..w[2]])?, i)));
            ranked.min().map(|(_, i)| i)
        };

        let mut steps = vec![show(&cuts)];
        while let Some(pair) = best(&cuts) {
            cuts.remove(pair + 1);
            steps.push(show(&cuts));
        }
        if cuts.len() > 2 && self.rank(&bytes).is_some() {
            steps.push(show(&[0, bytes.len()]));
        }
        steps
    }

    /// The tokens of a text without added tokens.
    pub(super) fn merge_text(&self, text: &str, ids: &mut Vec<u32>) {
        for run in runs(text) {
            // tiktoken-rs panics on a byte without a token, so those runs take the long way round.
            if run.bytes().all(|b| self.has_byte(b)) {
                ids.extend(self.bpe.encode_ordinary(run));
            } else {
                for piece in self.pieces_of_run(run) {
                    self.merge_into(&self.bytes_with_a_token(piece), ids);
                }
            }
        }
    }

    pub(super) fn has_byte(&self, byte: u8) -> bool {
        self.vocabulary.has_byte[byte as usize]
    }

    fn bytes_with_a_token(&self, piece: &str) -> Vec<u8> {
        piece.bytes().filter(|&b| self.has_byte(b)).collect()
    }

    fn merge_into(&self, piece: &[u8], ids: &mut Vec<u32>) {
        match self.rank(piece) {
            Some(id) => ids.push(id),
            // Two bytes or more: no byte at all means no token, and one byte has a rank.
            None if piece.len() > 1 => {
                let tokens = byte_pair_split(piece, &self.vocabulary.ranks);
                ids.extend(tokens.into_iter().filter_map(|token| self.rank(token)));
            }
            None => {}
        }
    }

    /// A run is far below the limits of the regex engine, so no match fails.
    fn pieces_of_run<'a>(&self, run: &'a str) -> impl Iterator<Item = &'a str> {
        self.splitter.find_iter(run).flatten().map(|piece| piece.as_str())
    }
}

/// The text, cut after every 25,000 characters that are all white space or all not; usually whole.
fn runs(text: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let (mut start, mut length, mut in_space) = (0, 0, false);
    for (i, c) in text.char_indices() {
        if c.is_whitespace() != in_space {
            in_space = !in_space;
            length = 0;
        }
        length += 1;
        if length > MAX_RUN {
            runs.push(&text[start..i]);
            start = i;
            length = 1;
        }
    }
    runs.push(&text[start..]);
    runs
}
