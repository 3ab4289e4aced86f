//! Rust code as text: the same code may have its comments in another language.

/// Rust code without `//` comments and blank lines; strings and characters stay whole.
pub fn without_comments(code: &str) -> Vec<String> {
    let chars: Vec<char> = code.chars().collect();
    let mut kept = String::new();
    let mut i = 0;
    while i < chars.len() {
        if chars[i..].starts_with(&['/', '/']) {
            i = position(&chars, i, '\n');
            continue;
        }
        let end = end_of_literal(&chars, i).unwrap_or(i + 1);
        kept.extend(&chars[i..end]);
        i = end;
    }
    let lines = kept.lines().map(str::trim_end);
    lines.filter(|line| !line.is_empty()).map(String::from).collect()
}

/// The end of the string or character that begins at `i`, if one does.
pub fn end_of_literal(chars: &[char], i: usize) -> Option<usize> {
    match chars[i] {
        '"' => Some(end_of_string(chars, i)),
        'r' if !is_in_word(chars, i) => end_of_raw_string(chars, i),
        '\'' => end_of_character(chars, i),
        _ => None,
    }
}

/// Where the next `wanted` is, or the end.
fn position(chars: &[char], from: usize, wanted: char) -> usize {
    let found = chars[from..].iter().position(|c| *c == wanted);
    found.map_or(chars.len(), |offset| from + offset)
}

fn is_in_word(chars: &[char], i: usize) -> bool {
    // The b of br"…" may stand before the r.
    let before = |n: usize| i.checked_sub(n).map(|i| chars[i]);
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    match before(1) {
        Some('b') => is_word(before(2)),
        other => is_word(other),
    }
}

fn end_of_string(chars: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    chars.len().min(i + 1)
}

fn end_of_raw_string(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |i: &usize| {
        chars[*i] == '"'
            && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    let close = (open + 1..chars.len()).find(closes)?;
    Some(close + 1 + hashes)
}

/// The end of 'x' or '\n'; a lifetime is no character.
fn end_of_character(chars: &[char], start: usize) -> Option<usize> {
    match chars.get(start + 1)? {
        '\\' => Some(chars.len().min(position(chars, start + 3, '\'') + 1)),
        _ if chars.get(start + 2) == Some(&'\'') => Some(start + 3),
        _ => None,
    }
}

#[test]
fn comments_are_told_from_strings() {
    let code = r##"let a = "http://x"; // one

    // two
    let b = '"'; let c = r#"a "// b"#; // three
    let d = '\''; // four "#; f::<'a>() // five"##;
    let kept = [
        r#"let a = "http://x";"#,
        r##"    let b = '"'; let c = r#"a "// b"#;"##,
        r"    let d = '\'';",
    ];
    assert_eq!(without_comments(code), kept);
}
