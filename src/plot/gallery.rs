//! Many small heat maps side by side: the attention patterns of all heads.

use super::canvas::{Paint, Pen, Type};
use super::cells::Cells;
use super::heatmap::most;
use super::numbers::short;
use super::{Draw, Figure, Frame, ensure, text};
use crate::error::Result;

use candle_core::Tensor;

/// A grid of small heat maps on one common scale, each with a title.
///
/// ```no_run
/// # use llama3::plot::*;
/// # fn cell(patterns: Vec<candle_core::Tensor>) -> llama3::Result<()> {
/// let heads: Vec<_> = (0..).zip(patterns).map(|(i, p)| (format!("head {i}"), p)).collect();
/// let figure = gallery(&heads).title("Layer 0").draw()?;
/// # Ok(())
/// # }
/// ```
pub fn gallery<S: AsRef<str>>(maps: &[(S, Tensor)]) -> Gallery {
    let owned = |(title, map): &(S, Tensor)| (text::visible(title.as_ref()), map.clone());
    Gallery { maps: maps.iter().map(owned).collect(), ..Gallery::default() }
}

/// See [`gallery`].
#[derive(Clone, Debug, Default)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Gallery {
    frame: Frame,
    maps: Vec<(String, Tensor)>,
    diverging: bool,
}

impl Gallery {
    /// Blue below zero, white at zero, orange above.
    pub fn diverging(mut self) -> Self {
        self.diverging = true;
        self
    }

    fn read(&self) -> Result<Vec<Cells>> {
        let n = self.maps.len();
        ensure((1..=64).contains(&n), || format!("gallery: {n} maps; it takes 1 to 64"))?;
        let maps = self.maps.iter();
        maps.map(|(title, map)| Cells::read(map, &format!("gallery, map {title}"))).collect()
    }

    fn alt(&self, all: &[Cells]) -> String {
        let (mut largest, mut i) = (f64::NEG_INFINITY, 0);
        for (j, cells) in all.iter().enumerate() {
            let (_, _, x) = cells.largest(self.diverging);
            let size = |x: f64| if self.diverging { x.abs() } else { x };
            if largest == f64::NEG_INFINITY || size(x) > size(largest) {
                (largest, i) = (x, j);
            }
        }
        let name = self.frame.language.quote(&self.maps[i].0);
        let (n, rows, columns, x) = (all.len(), all[i].n_rows, all[i].n_cols, short(largest));
        let most = most(self.diverging, &self.frame);
        self.frame.described(&self.frame.pick(
            [
                format!("{n} small heat maps of {rows} rows by {columns} columns"),
                format!("{most} {x} in {name}"),
            ],
            [
                format!("{n} 张小热力图，每张 {rows} 行 {columns} 列"),
                format!("{most} {x} 在{name}"),
            ],
        ))
    }
}

impl Draw for Gallery {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        let all = self.read()?;
        let scale = Cells::scale(&all, self.diverging);
        let n_across = across(all.len());
        let side = (712.0 / n_across as f64 - 12.0).min(150.0);
        let top = self.frame.top(12.0);
        let mut svg = self.frame.svg();
        for (i, (cells, (title, _))) in all.iter().zip(&self.maps).enumerate() {
            let x = 20.0 + (i % n_across) as f64 * (side + 12.0);
            let y = top + (i / n_across) as f64 * (side + 28.0) + 16.0;
            let title = text::fit(title, 11.0, side);
            svg.text([x, y - 5.0], Type::size(11.0), &title);
            let cell = [side / cells.n_cols as f64, side / cells.n_rows as f64];
            cells.draw(&mut svg, &scale, [x, y, cell[0], cell[1]]);
            svg.rect([x, y, side, side], 0.0, Pen::line(Paint::Edge, 0.75));
        }
        let bottom = top + all.len().div_ceil(n_across) as f64 * (side + 28.0);
        let masked = all.iter().any(|cells| cells.n_masked() > 0);
        scale.draw_legend(&mut svg, [20.0, bottom + 4.0], masked, &self.frame);
        let width = (28.0 + n_across as f64 * (side + 12.0)).max(360.0);
        Ok(svg.finish([width, bottom + 32.0], self.alt(&all)))
    }
}

/// How many maps stand in a row: full rows when that is possible.
fn across(n: usize) -> usize {
    let full = |k: &usize| n.is_multiple_of(*k) && n > *k;
    match n {
        1..=4 => n,
        _ => (3..=8).rev().find(full).unwrap_or(n.min(6)),
    }
}
