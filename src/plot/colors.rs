//! From a number to a colour, in 65 steps.

use super::canvas::{Paint, Pen, Svg, Type};
use super::numbers::{rounded, short};
use super::{Frame, text};

/// The last of the colour steps; an even number, so that a diverging scale has a middle.
const STEPS: usize = 64;

/// Viridis: grows lighter all the way, and colour-blind readers see the same order.
const SEQUENTIAL: [[u8; 3]; 9] = [
    [0x44, 0x01, 0x54],
    [0x47, 0x2d, 0x7b],
    [0x3b, 0x52, 0x8b],
    [0x2c, 0x72, 0x8e],
    [0x21, 0x91, 0x8c],
    [0x28, 0xae, 0x80],
    [0x5e, 0xc9, 0x62],
    [0xad, 0xdc, 0x30],
    [0xfd, 0xe7, 0x25],
];

/// Blue below zero, white at zero, orange above.
const DIVERGING: [[u8; 3]; 5] = [
    [0x14, 0x4f, 0x94],
    [0x7f, 0xb2, 0xdd],
    [0xf7, 0xf7, 0xf7],
    [0xf4, 0xb0, 0x6a],
    [0xb0, 0x55, 0x00],
];

/// Which number has which colour.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub lo: f64,
    pub hi: f64,
    diverging: bool,
}

impl Scale {
    /// A scale for numbers between `min` and `max`. A diverging one has zero in its middle; a
    /// sequential one starts at zero unless that would waste half of it.
    pub fn new(min: f64, max: f64, diverging: bool) -> Self {
        let (min, max) = (rounded(min), rounded(max));
        let (lo, hi) = if diverging {
            let farthest = min.abs().max(max.abs());
            (-farthest, farthest)
        } else {
            let near_zero = min >= 0.0 && min < max / 2.0;
            (if near_zero { 0.0 } else { min }, max)
        };
        Scale { lo, hi, diverging }
    }

    /// The colour step of a number.
    pub fn step(&self, x: f64) -> usize {
        if self.hi <= self.lo {
            return STEPS / 2;
        }
        let part = (rounded(x) - self.lo) / (self.hi - self.lo);
        (part.clamp(0.0, 1.0) * STEPS as f64).round() as usize
    }

    /// Red, green and blue of a step.
    fn rgb(&self, step: usize) -> [u8; 3] {
        let stops: &[[u8; 3]] = if self.diverging { &DIVERGING } else { &SEQUENTIAL };
        let span = STEPS / (stops.len() - 1);
        let (i, rest) = (step / span, step % span);
        let (from, to) = (stops[i], stops[(i + 1).min(stops.len() - 1)]);
        [0, 1, 2].map(|c| {
            let sum = from[c] as usize * (span - rest) + to[c] as usize * rest;
            ((sum + span / 2) / span) as u8
        })
    }

    /// The colour of a step.
    pub fn paint(&self, step: usize) -> Paint {
        Paint::Rgb(self.rgb(step))
    }

    /// Black or white, whichever can be read on a step's colour.
    pub fn ink(&self, step: usize) -> Paint {
        let [r, g, b] = self.rgb(step).map(u32::from);
        let is_light = 299 * r + 587 * g + 114 * b > 130_000;
        Paint::Rgb(if is_light { [0x14; 3] } else { [0xff; 3] })
    }

    /// The colour bar with its two ends, and the masked cell when there is one. Takes 30 pixels.
    pub fn draw_legend(&self, svg: &mut Svg, [x, y]: [f64; 2], masked: bool, frame: &Frame) {
        let (label, baseline) = (Type::size(11.0).mute(), y + 11.0);
        let (lo, hi) = (short(self.lo), short(self.hi));
        let left = x + text::width(&lo, 11.0) + 8.0;
        svg.text([x, baseline], label, &lo);
        svg.scaled([left, y + 1.0, 2.0, 12.0], |svg| {
            for step in (0..=STEPS).step_by(2) {
                svg.path(&format!("M{step} 0h2v1h-2z"), Pen::fill(self.paint(step)));
            }
        });
        let right = left + 2.0 * (STEPS + 2) as f64;
        svg.text([right + 6.0, baseline], label, &hi);
        if masked {
            let (x, pen) = (right + 32.0 + text::width(&hi, 11.0), Pen::line(Paint::Mute, 0.8));
            svg.rect([x, y + 1.0, 12.0, 12.0], 0.0, Pen::fill(Paint::Masked));
            svg.line(&[[x, y + 13.0], [x + 12.0, y + 1.0]], pen);
            let words = frame.pick("−∞ (masked)", "−∞（遮住）");
            svg.text([x + 18.0, baseline], label, words);
        }
    }
}
