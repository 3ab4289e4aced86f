//! Labels: what cannot be seen made visible, and how wide a text is without asking a font.

/// A label with its spaces, line ends and control characters made visible.
///
/// A space is drawn as `␣` at either end and next to another space, where it would get lost; a
/// single space between words stays.
pub fn visible(label: &str) -> String {
    let chars: Vec<char> = label.chars().collect();
    let blank = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_none_or(|c| *c == ' ');
    let mut out = String::new();
    for (i, c) in chars.iter().enumerate() {
        match c {
            ' ' if blank(i.checked_sub(1)) || blank(Some(i + 1)) => out.push('␣'),
            '\n' => out.push('↵'),
            '\t' => out.push('⇥'),
            // Unicode has a picture of each of the 32 control characters and of DEL.
            '\0'..='\x1f' => out.extend(char::from_u32(0x2400 + *c as u32)),
            '\x7f' => out.push('␡'),
            c if is_invisible(*c) => out += &format!("U+{:04X}", *c as u32),
            c => out.push(*c),
        }
    }
    out
}

/// Characters that draw nothing or change the direction of their neighbours.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
        | '\u{2060}'..='\u{206f}' | '\u{3000}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// About how wide a text is: the sum of its characters' widths in a usual sans-serif font.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size
}

/// The width of a character in ems.
fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.3,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '/' | '‘' | '’' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '␣' | '↵' | '⇥' | '…' | '→' => 0.95,
        'A'..='Z' | '&' | '<' | '>' | '+' | '=' | '_' | '−' | '×' => 0.68,
        c if (c as u32) < 0x1100 => 0.58,
        '\u{2000}'..='\u{206f}' => 0.5,
        _ => 1.0,
    }
}

/// The text, shortened with `…` when it is wider than `limit`.
pub fn fit(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_string();
    }
    let mut used = size * em('…');
    let kept = text.chars().take_while(|c| {
        used += size * em(*c);
        used <= limit
    });
    kept.chain(['…']).collect()
}

/// The width of the widest of some texts.
pub fn widest(texts: impl IntoIterator<Item: AsRef<str>>, size: f64) -> f64 {
    let texts = texts.into_iter();
    let widths = texts.map(|text| width(text.as_ref(), size));
    widths.fold(0.0, f64::max)
}
