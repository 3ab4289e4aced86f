//! A matrix as coloured cells: what the heat map and the gallery share.

use super::canvas::{Paint, Pen, Svg};
use super::colors::Scale;
use super::ensure;
use super::numbers::{range, rounded};
use crate::error::{Error, Result};

use candle_core::{DType, Device, Tensor};
use std::collections::BTreeMap;

/// More cells than this make a picture that no notebook should store.
const MOST_CELLS: usize = 20_000;

/// The numbers of a matrix; −∞ marks a masked cell.
pub(super) struct Cells {
    values: Vec<Vec<f64>>,
    pub n_rows: usize,
    pub n_cols: usize,
}

/// The numbers of a matrix, row by row.
pub(super) fn rows(matrix: &Tensor) -> Result<Vec<Vec<f64>>> {
    let matrix = matrix.to_device(&Device::Cpu)?.to_dtype(DType::F64)?;
    Ok(matrix.to_vec2()?)
}

impl Cells {
    /// Reads `[rows, columns]` and refuses what has no colour.
    pub fn read(tensor: &Tensor, what: &str) -> Result<Cells> {
        let wrong = |hint| Error::shape(what, "[rows, columns]", tensor.dims(), hint);
        let &[n_rows, n_cols] = tensor.dims() else {
            return Err(wrong("take one head, or one layer, with .get(0)?"));
        };
        if n_rows.max(n_cols) > 600 || !(1..=MOST_CELLS).contains(&(n_rows * n_cols)) {
            return Err(wrong(
                "it needs a cell to show, at most 600 rows or columns and 20000 cells; \
                 .narrow(1, 0, 128)? takes the first 128 columns",
            ));
        }
        let values = rows(tensor)?;
        for (r, row) in values.iter().enumerate() {
            for (c, x) in row.iter().enumerate() {
                ensure(x.is_finite() || *x == f64::NEG_INFINITY, || {
                    let problem = format!("{what}: row {r}, column {c} is {x}");
                    format!("{problem}; only −inf (masked) can be drawn")
                })?;
            }
        }
        let cells = Cells { values, n_rows, n_cols };
        ensure(cells.finite().next().is_some(), || {
            format!("{what}: every cell is −inf, nothing to draw")
        })?;
        Ok(cells)
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

    /// The first of the largest cells, as far as three digits tell; of the cells furthest from 0, if
    /// the scale is diverging.
    pub fn largest(&self, diverging: bool) -> (usize, usize, f64) {
        let size = |x: f64| rounded(if diverging { x.abs() } else { x });
        let larger = |best: (_, _, f64), cell: (_, _, f64)| {
            if size(cell.2) > size(best.2) { cell } else { best }
        };
        self.finite().reduce(larger).unwrap_or((0, 0, 0.0))
    }

    /// The scale of one or several matrices.
    pub fn scale<'a>(all: impl IntoIterator<Item = &'a Cells>, diverging: bool) -> Scale {
        let values = all.into_iter().flat_map(|cells| cells.finite());
        let (min, max) = range(values.map(|(_, _, x)| x));
        Scale::new(min, max, diverging)
    }

    /// Draws the cells with their corner at `x, y`, each `w` by `h`.
    pub fn draw(&self, svg: &mut Svg, scale: &Scale, [x, y, w, h]: [f64; 4]) {
        // One path for each colour, and one rectangle for a run of equal cells: small files.
        let mut paths: BTreeMap<usize, String> = BTreeMap::new();
        let mut hatch = String::new();
        let step = |x: &f64| {
            if x.is_finite() { scale.step(*x) } else { MASKED }
        };
        for (r, row) in self.values.iter().enumerate() {
            let steps: Vec<usize> = row.iter().map(step).collect();
            let mut c = 0;
            for run in steps.chunk_by(|a, b| a == b) {
                let (path, n) = (paths.entry(run[0]).or_default(), run.len());
                *path += &format!("M{c} {r}h{n}v1h-{n}z");
                if run[0] == MASKED {
                    (c..c + n).for_each(|c| hatch += &format!("M{c} {}l1 -1", r + 1));
                }
                c += n;
            }
        }
        svg.scaled([x, y, w, h], |svg| {
            for (step, path) in &paths {
                let masked = *step == MASKED;
                let paint = if masked { Paint::Masked } else { scale.paint(*step) };
                svg.path(path, Pen::fill(paint));
            }
            if w.min(h) >= 4.0 {
                svg.path(&hatch, Pen::line(Paint::Mute, 0.6 / w.max(h)));
            }
        });
    }
}

/// The "colour step" of −∞.
const MASKED: usize = usize::MAX;
