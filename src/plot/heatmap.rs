//! A matrix as a heat map: attention scores and weights, cosines, the first numbers of a vector.

use super::canvas::Svg;
use super::cells::{Cells, legend};
use super::heatmap_place::Place;
use super::numbers::short;
use super::{Draw, Figure, Language, count, described, owned};
use crate::error::{Error, Result};

use candle_core::Tensor;

/// A heat map of a matrix `[rows, columns]`.
///
/// ```no_run
/// # use llama3::plot::*;
/// # fn cell(attn_weights: candle_core::Tensor, tokens: Vec<String>) -> llama3::Result<()> {
/// let figure = heatmap(&attn_weights).labels(&tokens).y_label("query").x_label("key").draw()?;
/// # Ok(())
/// # }
/// ```
///
/// Small matrices show their numbers. Cells that are −∞ are hatched and called masked.
pub fn heatmap(tensor: &Tensor) -> Heatmap {
    Heatmap {
        tensor: tensor.clone(),
        rows: Vec::new(),
        columns: Vec::new(),
        x_label: String::new(),
        y_label: String::new(),
        diverging: false,
        title: String::new(),
        language: Language::current(),
    }
}

/// See [`heatmap`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Heatmap {
    tensor: Tensor,
    pub(super) rows: Vec<String>,
    pub(super) columns: Vec<String>,
    pub(super) x_label: String,
    pub(super) y_label: String,
    diverging: bool,
    pub(super) title: String,
    language: Language,
}

super::title_and_language!(Heatmap);

impl Heatmap {
    /// A label for each row.
    pub fn rows<S: AsRef<str>>(mut self, labels: &[S]) -> Self {
        self.rows = owned(labels);
        self
    }

    /// A label for each column.
    pub fn columns<S: AsRef<str>>(mut self, labels: &[S]) -> Self {
        self.columns = owned(labels);
        self
    }

    /// The same labels for rows and columns: tokens that look at tokens.
    pub fn labels<S: AsRef<str>>(self, labels: &[S]) -> Self {
        self.rows(labels).columns(labels)
    }

    /// What the columns are.
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = label.into();
        self
    }

    /// What the rows are.
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y_label = label.into();
        self
    }

    /// Blue below zero, white at zero, orange above.
    pub fn diverging(mut self) -> Self {
        self.diverging = true;
        self
    }

    fn alt(&self, cells: &Cells) -> String {
        let (r, c, x) = cells.largest();
        let zh = self.language == Language::Zh;
        let name = |labels: &[String], i: usize| match labels.get(i) {
            Some(label) => self.language.quote(label),
            None if zh => format!(" {i} "),
            None => i.to_string(),
        };
        let (row, column) = (name(&self.rows, r), name(&self.columns, c));
        let (n_rows, n_cols, x) = (cells.n_rows, cells.n_cols, short(x));
        let mut parts = match self.language {
            Language::En => vec![
                format!(
                    "Heat map, {} by {}",
                    count(n_rows, "row"),
                    count(n_cols, "column")
                ),
                format!("largest {x} at row {row}, column {column}"),
            ],
            Language::Zh => vec![
                format!("热力图，{n_rows} 行 {n_cols} 列"),
                format!("最大值 {x} 在{row}行、{column}列"),
            ],
        };
        if let n @ 1.. = cells.n_masked() {
            parts.push(self.language.pick(
                format!("{} masked", count(n, "cell")),
                format!("遮住 {n} 格"),
            ));
        }
        described(&self.title, self.language, &parts)
    }
}

impl Draw for Heatmap {
    fn draw(&self) -> Result<Figure> {
        let cells = Cells::read(&self.tensor, "heat map")?;
        check_labels("row", self.rows.len(), cells.n_rows)?;
        check_labels("column", self.columns.len(), cells.n_cols)?;
        let scale = Cells::scale([&cells].into_iter(), self.diverging);
        let place = Place::new(self, &cells);
        let mut svg = Svg::new(&self.title);
        cells.draw(&mut svg, &scale, [place.x, place.y, place.w, place.h]);
        place.grid(&mut svg);
        if place.w >= 30.0 && place.h >= 16.0 && cells.n_cols <= 14 {
            place.values(&mut svg, &cells, &scale);
        }
        place.row_labels(&mut svg, self);
        place.column_labels(&mut svg, self);
        let masked = cells.n_masked() > 0;
        legend(
            &mut svg,
            [place.x, place.bottom() + 14.0],
            &scale,
            masked,
            self.language,
        );
        let legend_end = place.x + if masked { 340.0 } else { 240.0 };
        let width = place.right_edge.max(legend_end);
        Ok(svg.finish([width, place.bottom() + 42.0], self.alt(&cells)))
    }
}

fn check_labels(which: &str, n_labels: usize, n: usize) -> Result<()> {
    match n_labels {
        0 => Ok(()),
        _ if n_labels == n => Ok(()),
        _ => Err(Error::Argument(format!(
            "heat map: {}, but {}; give one label for each",
            count(n, which),
            count(n_labels, &format!("{which} label"))
        ))),
    }
}
