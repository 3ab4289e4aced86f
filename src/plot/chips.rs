//! The prompt as a strip of chips: each token with its id below it.

use super::canvas::{Paint, Pen, Svg, Type};
use super::text;

const HEIGHT: f64 = 40.0;
const GAP: f64 = 5.0;

/// A token of the prompt.
#[derive(Clone, Debug)]
pub(super) struct Chip {
    pub token: String,
    pub id: String,
}

impl Chip {
    fn width(&self) -> f64 {
        let widest = text::width(&self.token, 13.0).max(text::width(&self.id, 11.0));
        (widest + 14.0).max(28.0)
    }
}

/// Draws the chips in lines of `width` from a corner on; the last one, after which the model speaks,
/// is pointed out. Returns how high the strip is.
pub(super) fn draw(svg: &mut Svg, chips: &[Chip], [left, top]: [f64; 2], width: f64) -> f64 {
    let ([mut x, mut y], right) = ([left, top], left + width);
    for (i, chip) in chips.iter().enumerate() {
        let own = chip.width().min(width);
        if x > left && x + own > right {
            (x, y) = (left, y + HEIGHT + GAP);
        }
        let pen = match i + 1 == chips.len() {
            true => Pen::fill(Paint::Lit).edge(Paint::Accent, 2.0),
            false => Pen::fill(Paint::Box),
        };
        svg.rect([x, y, own, HEIGHT], 5.0, pen);
        svg.rect([x + 3.0, y + HEIGHT - 4.0, own - 6.0, 3.0], 1.5, Pen::fill(Paint::Series(i)));
        let middle = x + own / 2.0;
        let token = text::fit(&chip.token, 13.0, own - 6.0);
        svg.text([middle, y + 17.0], Type::size(13.0).middle(), &token);
        svg.text([middle, y + 32.0], Type::size(11.0).middle().mute(), &chip.id);
        x += own + GAP;
    }
    if chips.is_empty() { 0.0 } else { y + HEIGHT + GAP - top }
}

/// The tokens in a row.
pub(super) fn words(chips: &[Chip]) -> String {
    let tokens: Vec<&str> = chips.iter().map(|chip| &*chip.token).collect();
    tokens.join(" · ")
}
