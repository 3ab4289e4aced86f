//! Chapter 1 of the notebooks wrote this: `keep(1)`.

pub use super::start::*;

pub fn merge_once(parts: &[Vec<u8>], tokenizer: &Tokenizer) -> Option<Vec<Vec<u8>>> {
    let rank = |i: usize| tokenizer.rank(&parts[i - 1..=i].concat());
    let (_, i) = (1..parts.len()).filter_map(|i| Some((rank(i)?, i))).min()?;
    Some([&parts[..i - 1], &[parts[i - 1..=i].concat()], &parts[i + 1..]].concat())
}

pub fn merge(piece: &[u8], tokenizer: &Tokenizer) -> Vec<u32> {
    if let Some(id) = tokenizer.rank(piece) { return vec![id]; }
    let mut parts: Vec<Vec<u8>> = piece.iter().map(|&byte| vec![byte]).collect();
    while let Some(next) = merge_once(&parts, tokenizer) { parts = next; }
    parts.iter().filter_map(|part| tokenizer.rank(part)).collect()
}

pub fn encode(text: &str, tokenizer: &Tokenizer) -> Vec<u32> {
    tokenizer.pieces(text).iter().flat_map(|piece| merge(piece.as_bytes(), tokenizer)).collect()
}
