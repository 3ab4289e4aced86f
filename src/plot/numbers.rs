//! Numbers as a figure shows them: few digits, the same on every machine.

use crate::matrix::memory::in_words;

/// A number that can be drawn.
pub trait Number: Copy {
    /// The number as the figures compute with it.
    fn to_f64(self) -> f64;
}

macro_rules! number {
    ($($t:ty),*) => { $(impl Number for $t {
        fn to_f64(self) -> f64 {
            self as f64
        }
    })* };
}
number!(f32, f64, i32, i64, u32, u64, usize);

/// Whether a number has a place in a figure: neither NaN, nor infinite, nor absurdly large or small.
pub fn is_drawable(x: f64) -> bool {
    x == 0.0 || (1e-100..1e100).contains(&x.abs())
}

/// What the numbers of a figure count.
#[derive(Clone, Debug, Default)]
pub enum Unit {
    /// Nothing in particular.
    #[default]
    Plain,
    /// 0.93 is written 93 %.
    Percent,
    /// Decimal: 1 kB = 1000 bytes.
    Bytes,
    /// Written after the number.
    Named(String),
}

impl Unit {
    /// A number with its unit.
    pub fn show(&self, x: f64) -> String {
        match self {
            Unit::Plain => short(x),
            Unit::Percent => format!("{} %", short(x * 100.0)),
            Unit::Bytes => bytes(x),
            Unit::Named(unit) => format!("{} {unit}", short(x)),
        }
    }
}

/// The power of ten of the first digit: 2 for 345, −2 for 0.0345.
fn exponent(x: f64) -> i32 {
    // Formatting is exact on every machine; a logarithm is not.
    let text = format!("{x:.2e}");
    text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0)
}

/// The number with three significant digits.
pub fn rounded(x: f64) -> f64 {
    format!("{x:.2e}").parse().unwrap_or(x)
}

/// The smallest and the largest of some numbers.
pub(super) fn range(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let nothing = (f64::INFINITY, f64::NEG_INFINITY);
    numbers.fold(nothing, |(lo, hi), x| (lo.min(x), hi.max(x)))
}

/// Three significant digits; whole numbers from 1000 up in full, in groups of three.
pub fn short(x: f64) -> String {
    let text = match exponent(x) {
        _ if x == 0.0 => "0".to_string(),
        3..15 => grouped(x),
        e @ -4..3 => trimmed(format!("{:.*}", (2 - e) as usize, rounded(x))),
        _ => format!("{x:.2e}"),
    };
    with_minus(text)
}

/// Always the same number of decimals, for numbers that stand under one another.
pub(super) fn fixed(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$}");
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    with_minus(if is_zero { text.replace('-', "") } else { text })
}

/// The decimals that suit cells whose largest number is `max`.
pub(super) fn decimals(max: f64) -> usize {
    match exponent(max) {
        _ if max == 0.0 => 0,
        0 => 2,
        e => (1 - e).clamp(0, 5) as usize + usize::from(e == 1),
    }
}

/// A coordinate with at most two decimals, the same on every machine.
pub(super) fn coordinate(x: f64) -> String {
    let text = trimmed(format!("{x:.2}"));
    if text == "-0" { "0".to_string() } else { text }
}

/// A coordinate rounded so that noise in a value's last digits does not move it.
pub(super) fn tenth(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

fn trimmed(text: String) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

fn with_minus(text: String) -> String {
    text.replace('-', "−")
}

fn grouped(x: f64) -> String {
    let digits = format!("{:.0}", x.abs());
    let mut out = String::from(if x < 0.0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn bytes(x: f64) -> String {
    let size = in_words(x.abs().round() as u64);
    if x < 0.0 { format!("−{size}") } else { size }
}

/// Round numbers that cover a range in about `wanted` steps, and how many decimals they need.
pub(super) fn ticks((lo, hi): (f64, f64), wanted: f64) -> (Vec<f64>, usize) {
    let raw = (hi - lo) / wanted;
    let unit = 10f64.powi(exponent(raw));
    let steps = [1.0, 2.0, 5.0].map(|m| m * unit);
    let step = steps.into_iter().find(|step| *step >= raw * 0.999);
    let step = step.unwrap_or(10.0 * unit);
    let first = (lo / step - 1e-9).ceil() as i64;
    let last = (hi / step + 1e-9).floor() as i64;
    let ticks = (first..=last.min(first + 50)).map(|i| i as f64 * step);
    (ticks.collect(), (-exponent(step)).clamp(0, 9) as usize)
}
