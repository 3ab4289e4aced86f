//! Markdown as code-hosting pages read it, and text that must not be read as Markdown.

use pulldown_cmark::{Event, Options, Parser};
use std::ops::Range;

/// The events of a page, each with its place in the text.
pub fn events(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH;
    Parser::new_ext(text, options).into_offset_iter()
}

/// The text with some ranges replaced; they must be in order and not overlap.
pub fn replaced(text: &str, changes: &[(Range<usize>, String)]) -> String {
    let mut result = String::with_capacity(text.len());
    let mut end = 0;
    for (range, new) in changes {
        result.push_str(&text[end..range.start]);
        result.push_str(new);
        end = range.end;
    }
    result + &text[end..]
}

/// Text that shows as itself within a line: in a table's cell or as a picture's words.
pub fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '&' => result.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '$' | '~' | '#' => {
                result.extend(['\\', c]);
            }
            _ => result.push(c),
        }
    }
    result
}

/// A fenced block; its fence is longer than any in the text.
pub fn fenced(language: &str, text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_reads_as_it_was() {
        let text = r"a|b *c* _d_ <e> & \f [g](h) `i` $j$ # ~k~";
        let escaped = escaped(text);
        let read: String = events(&escaped)
            .filter_map(|(event, _)| match event {
                Event::Text(text) => Some(text.to_string()),
                Event::Start(_) | Event::End(_) => None,
                other => panic!("{other:?} in {escaped}"),
            })
            .collect();
        assert_eq!(read, text);
    }

    #[test]
    fn a_fence_is_longer_than_those_inside() {
        assert_eq!(fenced("text", "a ``` b\n\n"), "````text\na ``` b\n````\n");
    }
}
