//! The numbers in a text, whatever the language counts in: 134.5 million is 1.345 亿.

use std::collections::BTreeSet;

/// Words by which a number is multiplied.
const UNITS: [(&str, f64); 9] = [
    ("trillion", 1e12),
    ("万亿", 1e12),
    ("billion", 1e9),
    ("million", 1e6),
    ("thousand", 1e3),
    ("十亿", 1e9),
    ("百万", 1e6),
    ("亿", 1e8),
    ("万", 1e4),
];

/// Below this, a language may prefer a word: "two", “两个”.
const FIRST_IN_DIGITS: f64 = 13.0;

/// All numbers written in digits, in order, to six digits.
pub fn numbers(text: &str) -> Vec<String> {
    let text = text.replace("\\,", "");
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        if !chars[i].is_ascii_digit() {
            i += 1;
            continue;
        }
        if i > 0 && (chars[i - 1].is_ascii_alphabetic() || chars[i - 1] == '_') {
            i = end_of_word(&chars, i);
            continue;
        }
        let end = end_of_number(&chars, i);
        let digits: String = chars[i..end].iter().filter(|c| **c != ',').collect();
        let rest: String = chars[end..].iter().take(10).collect();
        let value: f64 = digits.parse().unwrap();
        found.push(format!("{:.5e}", value * unit(&rest)));
        i = end;
    }
    found
}

/// The 16 of bf16 is part of a name.
fn end_of_word(chars: &[char], start: usize) -> usize {
    let rest = chars[start..].iter();
    start + rest.take_while(|c| c.is_ascii_alphanumeric() || **c == '_').count()
}

/// Digits, a point with digits after it, commas with three.
fn end_of_number(chars: &[char], start: usize) -> usize {
    let is_digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    let n_digits = |from: usize| (from..).take_while(|i| is_digit(*i)).count();
    let mut end = start + n_digits(start);
    while chars.get(end) == Some(&',') && n_digits(end + 1) == 3 {
        end += 4;
    }
    if chars.get(end) == Some(&'.') && is_digit(end + 1) {
        end += 1 + n_digits(end + 1);
    }
    end
}

fn unit(rest: &str) -> f64 {
    let rest = rest.trim_start_matches([' ', '-', '\u{a0}']);
    let unit = UNITS.iter().find(|(word, _)| rest.starts_with(word));
    unit.map_or(1.0, |(_, factor)| *factor)
}

/// The different numbers of a text that no language writes in words.
pub fn large(text: &str) -> BTreeSet<String> {
    let all = numbers(text).into_iter();
    all.filter(|number| {
        let value: f64 = number.parse().unwrap();
        value >= FIRST_IN_DIGITS || value.fract() != 0.0
    })
    .collect()
}

#[test]
fn numbers_are_the_same_in_both_languages() {
    assert_eq!(
        numbers("134.5 million of 8 billion"),
        numbers("80 亿中的 1.345 亿").into_iter().rev().collect::<Vec<_>>()
    );
    assert_eq!(numbers("128,256 and 41\\,943\\,040"), numbers("128256、41943040"));
    assert_eq!(numbers("w2 bf16 (1, 2) 3.5."), numbers("1 2 3.5"));
    assert_eq!(large("two, 7, 0.5 and 17"), large("2 0.5 17"));
}
