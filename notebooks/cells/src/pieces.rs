//! A cell's code in its pieces, told by brackets, semicolons and first words alone.

use crate::code;

/// What a cell declares, what it does, and what it shows at its end.
#[derive(Default)]
pub struct Pieces {
    pub items: Vec<String>,
    pub statements: Vec<String>,
    pub shown: Option<String>,
}

/// First words of what is declared rather than done. (An `impl` cannot be `pub`; no cell has one.)
const ITEMS: [&str; 8] = ["use", "fn", "type", "struct", "enum", "const", "static", "trait"];
/// First words of what ends at a closing brace.
const BRACED: [&str; 9] = ["fn", "struct", "enum", "trait", "for", "while", "loop", "if", "match"];

/// The pieces of a cell, without comments and without the kernel's own commands (`:dep`).
pub fn of(source: &str) -> Pieces {
    let mut lines = code::without_comments(source);
    lines.retain(|line| !line.starts_with(':'));
    let mut pieces = Pieces::default();
    for piece in split(&lines.join("\n")) {
        if ITEMS.contains(&first_word(&piece)) {
            pieces.items.push(format!("pub {piece}"));
        } else {
            pieces.statements.push(piece);
        }
    }
    pieces.shown = pieces.statements.pop_if(|last| !last.ends_with(';'));
    pieces
}

fn first_word(piece: &str) -> &str {
    let end = piece.find(|c: char| !c.is_alphanumeric());
    &piece[..end.unwrap_or(piece.len())]
}

/// Cuts code without comments after each statement; what is left at the end is an expression.
fn split(code: &str) -> Vec<String> {
    let chars: Vec<char> = code.chars().collect();
    let text = |range| String::from_iter(&chars[range]).trim().to_string();
    let (mut pieces, mut start, mut depth, mut i) = (vec![], 0, 0, 0);
    while i < chars.len() {
        let literal = code::end_of_literal(&chars, i);
        let here = if literal.is_some() { '"' } else { chars[i] };
        i = literal.unwrap_or(i + 1);
        depth += i32::from("([{".contains(here)) - i32::from(")]}".contains(here));
        let (piece, rest) = (|| text(start..i), || text(i..chars.len()));
        if depth == 0 && (here == ';' || here == '}' && ends_here(&piece(), &rest())) {
            pieces.push(piece());
            start = i;
        }
    }
    pieces.push(text(start..chars.len()));
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Whether a closing brace ends its statement.
fn ends_here(piece: &str, rest: &str) -> bool {
    let is_braced = piece.starts_with('{') || BRACED.contains(&first_word(piece));
    let goes_on =
        rest.starts_with(['.', '?', ';', '=']) || ["else", "in"].contains(&first_word(rest));
    is_braced && !goes_on
}

#[test]
fn pieces_are_found() {
    let pieces = of(r#"
:dep x
use a::{b, c};
fn f(x: [u8; 3]) -> u8 { x[0]; 1 } // };
let s = "};";
if let S { a } = s { 1; } else { 2; }
for S { a, .. } in y { z; } g(|x| { x; })
    .h()"#);
    let declared = ["pub use a::{b, c};", "pub fn f(x: [u8; 3]) -> u8 { x[0]; 1 }"];
    assert_eq!(pieces.items, declared);
    let done =
        ["let s = \"};\";", "if let S { a } = s { 1; } else { 2; }", "for S { a, .. } in y { z; }"];
    assert_eq!(pieces.statements, done);
    assert_eq!(pieces.shown.as_deref(), Some("g(|x| { x; })\n    .h()"));
    assert_eq!(of("let a = 1;").shown, None);
}
