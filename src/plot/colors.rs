//! From a number to a colour, in 65 steps.

use super::canvas::Paint;
use super::numbers::rounded;

/// The last of the colour steps; an even number, so that a diverging scale has a middle.
pub(super) const STEPS: usize = 64;

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
        let (lo, hi) = match diverging {
            true => (-min.abs().max(max.abs()), min.abs().max(max.abs())),
            false if min >= 0.0 && min < max / 2.0 => (0.0, max),
            false => (min, max),
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

    /// The colour of a step.
    pub fn paint(&self, step: usize) -> Paint {
        let stops: &[[u8; 3]] = if self.diverging {
            &DIVERGING
        } else {
            &SEQUENTIAL
        };
        let span = STEPS / (stops.len() - 1);
        let (i, rest) = (step.min(STEPS) / span, step.min(STEPS) % span);
        let (from, to) = (stops[i], stops[(i + 1).min(stops.len() - 1)]);
        let mix =
            |c: usize| (from[c] as usize * (span - rest) + to[c] as usize * rest + span / 2) / span;
        Paint::Rgb([0, 1, 2].map(|c| mix(c) as u8))
    }

    /// Black or white, whichever can be read on a step's colour.
    pub fn ink(&self, step: usize) -> Paint {
        let Paint::Rgb([r, g, b]) = self.paint(step) else {
            return Paint::Ink;
        };
        let light = 299 * r as u32 + 587 * g as u32 + 114 * b as u32;
        Paint::Rgb(if light > 130_000 {
            [0x14; 3]
        } else {
            [0xff; 3]
        })
    }
}
