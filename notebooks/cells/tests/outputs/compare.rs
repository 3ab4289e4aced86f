//! Whether two outputs are the same, but for the last digit of a number and the shade of a colour.

use crate::shown::Cell;
use fancy_regex::Regex;
use std::sync::LazyLock;

static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"#[0-9a-fA-F]{6}\b|-?\d+\.\d+(?:e-?\d+)?").unwrap());

/// In words, how what a cell shows now differs from what the file has.
pub fn difference(file: &Cell, now: &Cell) -> Option<String> {
    let kinds = |cell: &Cell| cell.outputs.keys().cloned().collect::<Vec<_>>().join(", ");
    let (old, new) = (kinds(file), kinds(now));
    if old != new {
        return Some(format!("other kinds of outputs\n  in the file: {old}\n  now:         {new}"));
    }
    if file.varies {
        return None;
    }
    let mut pairs = std::iter::zip(&file.outputs, now.outputs.values());
    pairs.find_map(|((kind, old), new)| Some(format!("{kind}, {}", first(old, new)?)))
}

/// The first line that is not the same, in both.
fn first(old: &str, new: &str) -> Option<String> {
    let n_lines = old.lines().count().max(new.lines().count());
    let padded = |text| str::lines(text).map(Some).chain(std::iter::repeat(None)).take(n_lines);
    let mut lines = padded(old).zip(padded(new)).enumerate();
    let (number, (old, new)) = lines.find(|(_, pair)| match *pair {
        (Some(old), Some(new)) => !same(old, new),
        _ => true,
    })?;
    let [old, new] = [old, new].map(|line| line.unwrap_or("(no such line)"));
    let begin = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count().saturating_sub(80);
    let part = |line: &str| line.chars().skip(begin).take(240).collect::<String>();
    let number = number + 1;
    Some(format!("line {number}\n  in the file: {}\n  now:         {}", part(old), part(new)))
}

fn same(old: &str, new: &str) -> bool {
    old == new
        || NUMBER.replace_all(old, "0") == NUMBER.replace_all(new, "0")
            && std::iter::zip(numbers(old), numbers(new)).all(|(old, new)| close(old, new))
}

fn numbers(line: &str) -> Vec<&str> {
    let found = NUMBER.find_iter(line).flatten();
    found.map(|number| number.as_str()).collect()
}

/// Two numbers or colours, as written, that may stand for the same.
fn close(old: &str, new: &str) -> bool {
    match (old.strip_prefix('#'), new.strip_prefix('#')) {
        (Some(old), Some(new)) => {
            let channel = |color: &str, at| u8::from_str_radix(&color[at..at + 2], 16).unwrap();
            [0, 2, 4].iter().all(|&at| channel(old, at).abs_diff(channel(new, at)) <= 3)
        }
        (None, None) => {
            let unit = last_digit(old).max(last_digit(new));
            let [old, new] = [old, new].map(|number| number.parse::<f64>().unwrap());
            (old - new).abs() <= 1.001 * unit
        }
        _ => false,
    }
}

/// What one in the last digit of a written number is worth.
fn last_digit(number: &str) -> f64 {
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, "0"));
    let n_digits = mantissa.len() - mantissa.find('.').unwrap() - 1;
    10f64.powi(exponent.parse::<i32>().unwrap() - n_digits as i32)
}

#[test]
fn only_the_last_digit_and_the_shade_may_differ() {
    let differ = |old: &str, new: &str| {
        let cell = |printed| Cell::new("cell", printed);
        difference(&cell(old), &cell(new)).is_some()
    };
    let svg = "EVCXR_BEGIN_CONTENT image/svg+xml\n<rect x=\"1.25\" fill=\"#aabbcc\"/>\nEVCXR_END_CONTENT\n";
    assert!(!differ("[17, 576] 0.123\n", "[17, 576] 0.124\n"));
    assert!(differ("[17, 576] 0.123\n", "[17, 576] 0.125\n"));
    assert!(differ("[17, 576] 0.123\n", "[16, 576] 0.123\n"));
    assert!(differ("1.5e-3\n", "1.7e-3\n") && !differ("1.5e-3\n", "1.6e-3\n"));
    assert!(differ("a\n", "a\nb\n") && differ("a\nb\n", "a\n") && differ("", "a\n"));
    assert!(!differ(svg, &svg.replace("cc", "cd")) && differ(svg, &svg.replace("aa", "bb")));
    assert!(differ(svg, &svg.replace("1.25", "1.35")) && differ(svg, "1.25\n"));
}
