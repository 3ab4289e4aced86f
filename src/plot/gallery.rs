//! Many small heat maps side by side: the attention patterns of all heads.

use super::canvas::{Paint, Pen, Svg, Type};
use super::cells::{Cells, legend};
use super::numbers::short;
use super::{Draw, Figure, Language, described, text};
use crate::error::{Error, Result};

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
    Gallery {
        maps: maps.iter().map(owned).collect(),
        diverging: false,
        title: String::new(),
        language: Language::current(),
    }
}

/// See [`gallery`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Gallery {
    maps: Vec<(String, Tensor)>,
    diverging: bool,
    title: String,
    language: Language,
}

super::title_and_language!(Gallery);

impl Gallery {
    /// Blue below zero, white at zero, orange above.
    pub fn diverging(mut self) -> Self {
        self.diverging = true;
        self
    }

    fn read(&self) -> Result<Vec<Cells>> {
        if self.maps.is_empty() || self.maps.len() > 64 {
            let n = self.maps.len();
            return Err(Error::Argument(format!(
                "gallery: {n} maps; it takes 1 to 64"
            )));
        }
        let maps = self.maps.iter();
        maps.map(|(title, map)| Cells::read(map, &format!("gallery, map {title}")))
            .collect()
    }

    fn alt(&self, all: &[Cells]) -> String {
        let n = all.len();
        let largest = all.iter().map(|cells| cells.largest().2);
        let (i, x) = largest
            .enumerate()
            .fold((0, f64::NEG_INFINITY), |best, next| {
                if next.1 > best.1 { next } else { best }
            });
        let (name, x) = (self.language.quote(&self.maps[i].0), short(x));
        let (rows, columns) = (all[i].n_rows, all[i].n_cols);
        let parts = match self.language {
            Language::En => [
                format!("{n} small heat maps of {rows} rows by {columns} columns"),
                format!("largest {x} in {name}"),
            ],
            Language::Zh => [
                format!("{n} 张小热力图，每张 {rows} 行 {columns} 列"),
                format!("最大值 {x} 在{name}"),
            ],
        };
        described(&self.title, self.language, &parts)
    }
}

impl Draw for Gallery {
    fn draw(&self) -> Result<Figure> {
        let all = self.read()?;
        let scale = Cells::scale(all.iter(), self.diverging);
        let n_across = across(all.len());
        let room = 712.0 / n_across as f64;
        let side = (room - 12.0).min(150.0);
        let top = if self.title.is_empty() { 12.0 } else { 40.0 };
        let mut svg = Svg::new(&self.title);
        for (i, (cells, (title, _))) in all.iter().zip(&self.maps).enumerate() {
            let x = 20.0 + (i % n_across) as f64 * (side + 12.0);
            let y = top + (i / n_across) as f64 * (side + 28.0) + 16.0;
            let cell = [x, y, side / cells.n_cols as f64, side / cells.n_rows as f64];
            svg.text(
                [x, y - 5.0],
                Type::size(11.0),
                &text::fit(title, 11.0, side),
            );
            cells.draw(&mut svg, &scale, cell);
            svg.rect([x, y, side, side], 0.0, Pen::line(Paint::Edge, 0.75));
        }
        let bottom = top + all.len().div_ceil(n_across) as f64 * (side + 28.0);
        let masked = all.iter().any(|cells| cells.n_masked() > 0);
        legend(
            &mut svg,
            [20.0, bottom + 4.0],
            &scale,
            masked,
            self.language,
        );
        let width = (28.0 + n_across as f64 * (side + 12.0)).max(360.0);
        Ok(svg.finish([width, bottom + 32.0], self.alt(&all)))
    }
}

/// How many maps stand in a row: full rows when that is possible.
fn across(n: usize) -> usize {
    match n {
        1..=4 => n,
        _ => (3..=8)
            .rev()
            .find(|k| n.is_multiple_of(*k) && n / k > 1)
            .unwrap_or(n.min(6)),
    }
}
