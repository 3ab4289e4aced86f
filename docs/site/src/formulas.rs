//! The formulas of a page: where they are, how a code-hosting page reads them, and their MathML.
//!
//! Both spellings are known: `$…$` and `` $`…`$ `` within a line, `$$…$$` and a `math` block on
//! lines of their own. Code is never taken for a formula, since the Markdown parser finds them.

use crate::markdown::{events, replaced};
use anyhow::{Result, bail};
use pulldown_cmark::{CodeBlockKind, Event, Tag};
use pulldown_latex::config::DisplayMode;
use pulldown_latex::{Parser, RenderConfig, Storage, mathml::push_mathml};
use std::ops::Range;

/// A formula, and where it stands in its page, delimiters included.
#[derive(Debug, PartialEq)]
pub struct Formula {
    pub latex: String,
    pub display: bool,
    pub range: Range<usize>,
}

/// All formulas of a page, in order.
pub fn formulas(page: &str) -> Vec<Formula> {
    let mut found = Vec::new();
    let mut block: Option<Formula> = None;
    for (event, range) in events(page) {
        match event {
            Event::InlineMath(latex) => found.push(formula(&latex, false, range)),
            Event::DisplayMath(latex) => found.push(formula(&latex, true, range)),
            Event::Code(latex) if is_in_dollars(page, &range) => {
                found.push(formula(&latex, false, range.start - 1..range.end + 1));
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) if &*kind == "math" => {
                block = Some(formula("", true, range));
            }
            Event::Text(text) => {
                if let Some(block) = &mut block {
                    block.latex.push_str(&text);
                }
            }
            Event::End(_) => {
                let block = block.take();
                found.extend(block.map(|f| formula(&f.latex, f.display, f.range)));
            }
            _ => {}
        }
    }
    found
}

fn formula(latex: &str, display: bool, range: Range<usize>) -> Formula {
    let latex = latex.trim();
    let bare = latex.strip_prefix('`').and_then(|l| l.strip_suffix('`'));
    let latex = bare.unwrap_or(latex).trim().to_string();
    Formula { latex, display, range }
}

fn is_in_dollars(page: &str, code: &Range<usize>) -> bool {
    page[..code.start].ends_with('$') && page[code.end..].starts_with('$')
}

/// The page with each formula in a spelling that code-hosting pages don't damage. They read `\_`,
/// `\,` or `\{` as Markdown escapes before they look for formulas, except in `` $`…`$ `` and in
/// `math` blocks.
pub fn portable(page: &str) -> String {
    let fragile = |formula: &Formula| {
        let mut pairs = formula.latex.as_bytes().windows(2);
        pairs.any(|pair| pair[0] == b'\\' && pair[1].is_ascii_punctuation())
    };
    let spelled = |formula: Formula| {
        let (latex, range) = (formula.latex, formula.range);
        if !formula.display {
            Some((range, format!("$`{latex}`$")))
        } else if is_alone(page, &range) {
            Some((range, format!("```math\n{latex}\n```")))
        } else {
            None
        }
    };
    let formulas = formulas(page).into_iter().filter(fragile);
    replaced(page, &formulas.filter_map(spelled).collect::<Vec<_>>())
}

/// Whether the range is whole lines.
fn is_alone(page: &str, range: &Range<usize>) -> bool {
    let starts = range.start == 0 || page[..range.start].ends_with('\n');
    starts && (range.end == page.len() || page[range.end..].starts_with('\n'))
}

/// The page with each formula as MathML.
pub fn drawn(page: &str) -> Result<String> {
    let mut changes = Vec::new();
    for formula in formulas(page) {
        changes.push((formula.range.clone(), mathml(&formula)?));
    }
    Ok(replaced(page, &changes))
}

/// One line of MathML that Markdown passes on as it is.
fn mathml(formula: &Formula) -> Result<String> {
    let storage = Storage::new();
    let display_mode = if formula.display { DisplayMode::Block } else { DisplayMode::Inline };
    let config = RenderConfig { display_mode, ..Default::default() };
    let mut mathml = String::new();
    push_mathml(&mut mathml, Parser::new(&formula.latex, &storage), config)?;
    if mathml.contains("<merror") {
        bail!(
            "cannot read the formula `{}`; expected LaTeX as KaTeX reads it. Correct it, or write it in code marks if it is none",
            formula.latex
        );
    }
    // The crate leaves text as it is written, with the backslash that LaTeX needs before `_`.
    let mathml = without_markdown(&mathml.replace("\\_", "_"));
    Ok(if formula.display { format!("<span class=\"formula\">{mathml}</span>") } else { mathml })
}

/// Text between tags would still be read as Markdown, so what could mean something is an entity.
fn without_markdown(mathml: &str) -> String {
    let mut result = String::with_capacity(mathml.len());
    let mut in_tag = false;
    for c in mathml.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ => {}
        }
        match c {
            '\n' => result.push(' '),
            '*' | '_' | '[' | ']' | '|' | '\\' | '`' | '~' | '!' | '$' | '#' if !in_tag => {
                result.push_str(&format!("&#{};", c as u32));
            }
            _ => result.push(c),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> Vec<(String, bool)> {
        let formulas = formulas(page).into_iter();
        formulas.map(|f| (f.latex, f.display)).collect()
    }

    #[test]
    fn all_four_spellings_are_found() {
        let page = "a $x_i$ b $`y\\_j`$\n\n$$\nz\n$$\n\n```math\nw\n```\n";
        let expected = [("x_i", false), ("y\\_j", false), ("z", true), ("w", true)];
        assert_eq!(found(page), expected.map(|(l, d)| (l.to_string(), d)));
    }

    #[test]
    fn code_and_money_are_no_formulas() {
        let page = "`$x$` costs $5 and $ 6\n\n```rust\nlet a = \"$x$\";\n```\n\n    $y$\n";
        assert_eq!(found(page), []);
    }

    #[test]
    fn fragile_formulas_are_respelled_and_others_left() {
        let page = "$n$ and $\\text{n\\_heads}$\n\n$$a\\,b$$\n";
        let expected = "$n$ and $`\\text{n\\_heads}`$\n\n```math\na\\,b\n```\n";
        assert_eq!(portable(page), expected);
        assert_eq!(found(page), found(&portable(page)));
    }

    #[test]
    fn mathml_survives_markdown() {
        let drawn = drawn("| $a * b * c$ | $|x_1|$ |\n|---|---|\n").unwrap();
        assert!(drawn.contains("<math"), "{drawn}");
        assert!(!drawn.contains('*') && !drawn.contains("|x"), "{drawn}");
    }

    #[test]
    fn names_have_no_backslash() {
        let drawn = drawn("$`\\text{n\\_heads}`$").unwrap();
        assert!(drawn.contains("n&#95;heads") && !drawn.contains("&#92;"), "{drawn}");
    }

    #[test]
    fn a_broken_formula_is_named() {
        let error = drawn("$a + \\nonsense$").unwrap_err().to_string();
        assert!(error.contains("a + \\nonsense"), "{error}");
    }
}
