//! Search in the Chinese book.
//!
//! mdBook's search looks up words, and takes what stands between spaces for a word. Chinese has no
//! spaces, so a whole sentence would be one word that nobody types. The book is small: its search
//! scans the text instead (`assets/search.js`), and needs no index of words.

use crate::files;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::Path;

const BEFORE: &str = "window.search = Object.assign(window.search, JSON.parse('";
const AFTER: &str = "'));";

/// The script's tag, at the end of a page.
pub fn script(up: &str) -> String {
    format!("<script src=\"{up}search.js\"></script>\n    </body>")
}

/// Reduces mdBook's index to the texts, and adds the script that scans them.
pub fn search_without_spaces(book: &Path) -> Result<()> {
    let path = book.join("searchindex.js");
    let reduced = reduced(&files::read(&path)?)
        .with_context(|| format!("{} is not as mdBook 0.5 writes it", path.display()))?;
    files::write(&path, &reduced)?;
    files::write(&book.join("search.js"), include_str!("../../assets/search.js"))
}

fn reduced(script: &str) -> Result<String> {
    let quoted = script.trim().strip_prefix(BEFORE).and_then(|s| s.strip_suffix(AFTER));
    let quoted = quoted.context("expected window.search = Object.assign(…)")?;
    let mut search: Value = serde_json::from_str(&unquoted(quoted))?;
    let texts = search["index"]["documentStore"]["docs"].take();
    texts.as_object().context("expected texts in documentStore.docs")?;
    search["index"] = json!({ "docs": texts });
    let text = serde_json::to_string(&search)?;
    Ok(format!("{BEFORE}{}{AFTER}", text.replace('\\', "\\\\").replace('\'', "\\'")))
}

/// The content of a JavaScript string in single quotes, as mdBook writes it.
fn unquoted(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => result.extend(chars.next()),
            c => result.push(c),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_stay() {
        let index = r#"{"doc_urls":["a.html"],"index":{"documentStore":{"docs":{"0":{"body":"it\'s \\"词元\\" \\\\n"}}},"index":{}}}"#;
        let new = reduced(&format!("{BEFORE}{index}{AFTER}")).unwrap();
        let json = new.strip_prefix(BEFORE).and_then(|s| s.strip_suffix(AFTER)).unwrap();
        let json: Value = serde_json::from_str(&unquoted(json)).unwrap();
        assert_eq!(json["index"]["docs"]["0"]["body"], "it's \"词元\" \\n");
        assert!(json["index"]["index"].is_null());
    }

    #[test]
    fn another_script_is_refused() {
        assert!(reduced("window.search = 3;").is_err());
    }
}
