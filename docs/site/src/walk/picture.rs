//! A picture that a cell shows: an SVG file, and the words for who cannot see it.

use anyhow::{Context, Result, bail};
use roxmltree::Document;

/// The description inside the SVG, or else its title.
pub fn words(svg: &str) -> Result<String> {
    let document = Document::parse(svg).context("an SVG output is not well-formed")?;
    for tag in ["desc", "title"] {
        let node = document.descendants().find(|node| node.tag_name().name() == tag);
        let text = node.and_then(|node| node.text()).unwrap_or_default();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.is_empty() {
            return Ok(words);
        }
    }
    bail!("an SVG output has neither <desc> nor <title>, so its page would have no words for it");
}
