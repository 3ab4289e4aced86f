//! A matrix as coloured cells: what the heat map and the gallery share.

use super::canvas::{Paint, Pen, Svg};
use super::colors::{STEPS, Scale};
use super::numbers::short;
use super::{Language, text};
use crate::error::{Error, Result};

use candle_core::{DType, Device, Tensor};
use std::collections::BTreeMap;
use std::fmt::Write;

/// More cells than this make a picture that no notebook should store.
const MOST_CELLS: usize = 20_000;

/// The numbers of a matrix; −∞ marks a masked cell.
pub(super) struct Cells {
    pub values: Vec<Vec<f64>>,
    pub n_rows: usize,
    pub n_cols: usize,
}

impl Cells {
    /// Reads `[rows, columns]` and refuses what has no colour.
    pub fn read(tensor: &Tensor, what: &str) -> Result<Cells> {
        let &[n_rows, n_cols] = tensor.dims() else {
            let hint = "take one head, or one layer, with .get(0)?";
            return Err(Error::shape(what, "[rows, columns]", tensor.dims(), hint));
        };
        if n_rows.max(n_cols) > 600 || !(1..=MOST_CELLS).contains(&(n_rows * n_cols)) {
            let hint = "it needs a cell to show, at most 600 rows or columns and 20000 cells; \
                        .narrow(1, 0, 128)? takes the first 128 columns";
            return Err(Error::shape(what, "[rows, columns]", tensor.dims(), hint));
        }
        let tensor = tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
        let values: Vec<Vec<f64>> = tensor
            .to_vec2::<f32>()?
            .iter()
            .map(|row| row.iter().map(|x| *x as f64).collect())
            .collect();
        let cells = Cells {
            values,
            n_rows,
            n_cols,
        };
        cells.check(what)?;
        Ok(cells)
    }

    fn check(&self, what: &str) -> Result<()> {
        for (r, row) in self.values.iter().enumerate() {
            if let Some(c) = row.iter().position(|x| x.is_nan() || *x == f64::INFINITY) {
                let problem = format!("{what}: row {r}, column {c} is {}", row[c]);
                return Err(Error::Argument(format!(
                    "{problem}; only −inf (masked) can be drawn"
                )));
            }
        }
        match self.finite().next() {
            Some(_) => Ok(()),
            None => Err(Error::Argument(format!(
                "{what}: every cell is −inf, nothing to draw"
            ))),
        }
    }

    /// Every unmasked cell: (row, column, value).
    pub fn finite(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        let rows = self.values.iter().enumerate();
        rows.flat_map(|(r, row)| row.iter().enumerate().map(move |(c, x)| (r, c, *x)))
            .filter(|(_, _, x)| x.is_finite())
    }

    pub fn n_masked(&self) -> usize {
        self.n_rows * self.n_cols - self.finite().count()
    }

    /// The first of the largest cells, as far as three digits tell.
    pub fn largest(&self) -> (usize, usize, f64) {
        let value = |x: f64| super::numbers::rounded(x);
        let pick = |best: (usize, usize, f64), cell: (usize, usize, f64)| {
            if value(cell.2) > value(best.2) {
                cell
            } else {
                best
            }
        };
        self.finite().reduce(pick).unwrap_or((0, 0, 0.0))
    }

    /// The scale of one or several matrices.
    pub fn scale<'a>(all: impl Iterator<Item = &'a Cells>, diverging: bool) -> Scale {
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for (_, _, x) in all.flat_map(|cells| cells.finite()) {
            (min, max) = (min.min(x), max.max(x));
        }
        Scale::new(min, max, diverging)
    }

    /// Draws the cells with their corner at `x, y`, each `w` by `h`.
    pub fn draw(&self, svg: &mut Svg, scale: &Scale, [x, y, w, h]: [f64; 4]) {
        // One path for each colour, and one rectangle for a run of equal cells: small files.
        let mut paths: BTreeMap<usize, String> = BTreeMap::new();
        let mut hatch = String::new();
        for (r, row) in self.values.iter().enumerate() {
            let steps: Vec<usize> = row.iter().map(|v| self.step(scale, *v)).collect();
            let mut c = 0;
            for run in steps.chunk_by(|a, b| a == b) {
                let (path, n) = (paths.entry(run[0]).or_default(), run.len());
                let _ = write!(path, "M{c} {r}h{n}v1h-{n}z");
                if run[0] == MASKED {
                    (c..c + n).for_each(|c| hatch += &format!("M{c} {}l1 -1", r + 1));
                }
                c += n;
            }
        }
        svg.scaled([x, y, w, h], |svg| {
            for (step, path) in &paths {
                let paint = if *step == MASKED {
                    Paint::Masked
                } else {
                    scale.paint(*step)
                };
                svg.path(path, Pen::fill(paint));
            }
            if w.min(h) >= 4.0 {
                svg.path(&hatch, Pen::line(Paint::Mute, 0.6 / w.max(h)));
            }
        });
    }

    fn step(&self, scale: &Scale, x: f64) -> usize {
        if x.is_finite() { scale.step(x) } else { MASKED }
    }
}

/// The "colour step" of −∞.
const MASKED: usize = usize::MAX;

/// The colour bar with its two ends, and the masked cell when there is one. Takes 30 pixels.
pub(super) fn legend(
    svg: &mut Svg,
    [x, y]: [f64; 2],
    scale: &Scale,
    masked: bool,
    language: Language,
) {
    use super::canvas::Type;
    let label = Type::size(11.0).mute();
    let (lo, hi) = (short(scale.lo), short(scale.hi));
    let left = x + text::width(&lo, 11.0) + 8.0;
    svg.text([x, y + 11.0], label, &lo);
    svg.scaled([left, y + 1.0, 2.0, 12.0], |svg| {
        for step in (0..=STEPS).step_by(2) {
            let bar = format!("M{step} 0h2v1h-2z");
            svg.path(&bar, Pen::fill(scale.paint(step)));
        }
    });
    let right = left + 2.0 * (STEPS + 2) as f64;
    svg.text([right + 6.0, y + 11.0], label, &hi);
    if masked {
        let x = right + 32.0 + text::width(&hi, 11.0);
        svg.rect([x, y + 1.0, 12.0, 12.0], 0.0, Pen::fill(Paint::Masked));
        svg.line(
            &[[x, y + 13.0], [x + 12.0, y + 1.0]],
            Pen::line(Paint::Mute, 0.8),
        );
        svg.text(
            [x + 18.0, y + 11.0],
            label,
            language.pick("−∞ (masked)", "−∞（遮住）"),
        );
    }
}
