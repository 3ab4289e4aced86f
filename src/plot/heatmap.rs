//! A matrix as a heat map: attention scores and weights, cosines, the first numbers of a vector.

use super::canvas::{Paint, Pen, Svg, Type, polyline};
use super::cells::Cells;
use super::colors::Scale;
use super::numbers::{decimals, fixed, short};
use super::{Draw, Figure, Frame, count, ensure, owned, text};
use crate::error::Result;

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
        frame: Frame::default(),
        tensor: tensor.clone(),
        rows: Vec::new(),
        y_label: String::new(),
        columns: Vec::new(),
        x_label: String::new(),
        diverging: false,
    }
}

/// See [`heatmap`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Heatmap {
    frame: Frame,
    tensor: Tensor,
    rows: Vec<String>,
    y_label: String,
    columns: Vec<String>,
    x_label: String,
    diverging: bool,
}

impl Heatmap {
    /// A label for each row.
    pub fn rows<S: AsRef<str>>(mut self, labels: &[S]) -> Self {
        self.rows = owned(labels);
        self
    }

    /// What the rows are.
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y_label = label.into();
        self
    }

    /// A label for each column.
    pub fn columns<S: AsRef<str>>(mut self, labels: &[S]) -> Self {
        self.columns = owned(labels);
        self
    }

    /// What the columns are.
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = label.into();
        self
    }

    /// The same labels for rows and columns: tokens that look at tokens.
    pub fn labels<S: AsRef<str>>(self, labels: &[S]) -> Self {
        self.rows(labels).columns(labels)
    }

    /// Blue below zero, white at zero, orange above.
    pub fn diverging(mut self) -> Self {
        self.diverging = true;
        self
    }

    fn alt(&self, cells: &Cells) -> String {
        let (r, c, x) = cells.largest(self.diverging);
        let name = |labels: &[String], i: usize| match labels.get(i) {
            Some(label) => self.frame.language.quote(label),
            None => self.frame.pick(i.to_string(), format!(" {i} ")),
        };
        let (row, column) = (name(&self.rows, r), name(&self.columns, c));
        let (n_rows, n_cols, x) = (cells.n_rows, cells.n_cols, short(x));
        let (rows, columns) = (count(n_rows, "row"), count(n_cols, "column"));
        let most = most(self.diverging, &self.frame);
        let mut parts = self.frame.pick(
            vec![
                format!("Heat map, {rows} by {columns}"),
                format!("{most} {x} at row {row}, column {column}"),
            ],
            vec![
                format!("热力图，{n_rows} 行 {n_cols} 列"),
                format!("{most} {x} 在{row}行、{column}列"),
            ],
        );
        if let n @ 1.. = cells.n_masked() {
            let masked = format!("{} masked", count(n, "cell"));
            parts.push(self.frame.pick(masked, format!("遮住 {n} 格")));
        }
        self.frame.described(&parts)
    }
}

impl Draw for Heatmap {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        let cells = Cells::read(&self.tensor, "heat map")?;
        check_labels("row", self.rows.len(), cells.n_rows)?;
        check_labels("column", self.columns.len(), cells.n_cols)?;
        let place = Place::new(self, &cells);
        let (x, bottom) = (place.x, place.bottom());
        let mut svg = self.frame.svg();
        let scale = Cells::scale([&cells], self.diverging);
        cells.draw(&mut svg, &scale, [x, place.y, place.w, place.h]);
        place.draw_grid(&mut svg);
        if place.w >= 30.0 && place.h >= 16.0 && cells.n_cols <= 14 {
            place.draw_values(&mut svg, &scale);
        }
        place.draw_row_labels(&mut svg);
        place.draw_column_labels(&mut svg);
        let masked = cells.n_masked() > 0;
        scale.draw_legend(&mut svg, [x, bottom + 14.0], masked, &self.frame);
        let legend_end = x + if masked { 340.0 } else { 240.0 };
        let width = place.labels_end().max(legend_end);
        Ok(svg.finish([width, bottom + 42.0], self.alt(&cells)))
    }
}

fn check_labels(which: &str, n_labels: usize, n: usize) -> Result<()> {
    ensure(n_labels == 0 || n_labels == n, || {
        let labels = count(n_labels, &format!("{which} label"));
        let has = count(n, which);
        format!("heat map: {has}, but {labels}; give one label for each")
    })
}

const LABEL: f64 = 12.0;
const LONGEST: f64 = 130.0;

/// Where the cells lie: the corner of all, and the size of each.
struct Place<'a> {
    map: &'a Heatmap,
    cells: &'a Cells,
    x: f64,
    y: f64,
    w: f64,
    h: f64,
    /// Column labels too wide for their column are set at an angle.
    slanted: bool,
}

/// How far a slanted label reaches, to the right and up, for each pixel of its length.
const SLANT: f64 = 0.71;

impl Place<'_> {
    fn new<'a>(map: &'a Heatmap, cells: &'a Cells) -> Place<'a> {
        let axis = |label: &str| if label.is_empty() { 0.0 } else { 20.0 };
        let row_labels = text::widest(&map.rows, LABEL).clamp(20.0, LONGEST);
        let x = 28.0 + axis(&map.y_label) + row_labels;
        let longest = text::widest(&map.columns, LABEL).min(LONGEST);
        let (room, n_cols) = (720.0 - x, cells.n_cols as f64);
        let slanted = longest + 4.0 > (room / n_cols).min(56.0);
        let overhang = if slanted { SLANT * longest } else { 0.0 };
        let w = ((room - overhang).max(n_cols) / n_cols).min(56.0);
        let w = if w > 8.0 { w.floor() } else { w };
        let least = match cells.n_rows {
            ..=40 => 18.0,
            _ if map.rows.is_empty() => 3.0,
            _ => 15.0,
        };
        let column_labels = if slanted { overhang + 14.0 } else { 20.0 };
        Place {
            map,
            cells,
            x,
            y: map.frame.top(12.0) + axis(&map.x_label) + column_labels,
            w,
            h: w.min(30.0).max(least),
            slanted,
        }
    }

    fn right(&self) -> f64 {
        self.x + self.cells.n_cols as f64 * self.w
    }

    fn bottom(&self) -> f64 {
        self.y + self.cells.n_rows as f64 * self.h
    }

    /// The middle of a cell.
    fn middle(&self, r: usize, c: usize) -> [f64; 2] {
        [self.x + (c as f64 + 0.5) * self.w, self.y + (r as f64 + 0.5) * self.h]
    }

    /// Where the last column label ends, with a margin.
    fn labels_end(&self) -> f64 {
        let reach = if self.slanted { SLANT } else { 0.5 };
        let mut end = self.right();
        for (c, label) in self.map.columns.iter().enumerate() {
            let width = text::width(label, LABEL).min(LONGEST);
            end = end.max(self.middle(0, c)[0] + reach * width);
        }
        end + 22.0
    }

    /// Fine lines between cells that are large enough.
    fn draw_grid(&self, svg: &mut Svg) {
        if self.w < 9.0 || self.h < 9.0 {
            return;
        }
        let mut d = String::new();
        for c in 1..self.cells.n_cols {
            let x = self.x + c as f64 * self.w;
            d += &polyline(&[[x, self.y], [x, self.bottom()]]);
        }
        for r in 1..self.cells.n_rows {
            let y = self.y + r as f64 * self.h;
            d += &polyline(&[[self.x, y], [self.right(), y]]);
        }
        svg.path(&d, Pen::line(Paint::Panel, 1.0));
    }

    fn draw_values(&self, svg: &mut Svg, scale: &Scale) {
        let digits = decimals(scale.lo.abs().max(scale.hi.abs()));
        let numbers = self.cells.finite().map(|(_, _, x)| fixed(x, digits));
        let size = (self.w - 4.0) / text::widest(numbers, 1.0).max(1.0);
        let style = Type::size(size.clamp(6.0, 12.0)).middle();
        for (r, c, x) in self.cells.finite() {
            let [middle, y] = self.middle(r, c);
            let style = style.paint(scale.ink(scale.step(x)));
            svg.text([middle, y + 4.0], style, &fixed(x, digits));
        }
    }

    fn draw_row_labels(&self, svg: &mut Svg) {
        let rows = &self.map.rows;
        let (n, style) = (self.cells.n_rows, Type::size(LABEL));
        for r in (0..n).step_by(stride(n, self.h, rows.is_empty())) {
            let label = rows.get(r).cloned().unwrap_or(r.to_string());
            let label = text::fit(&label, LABEL, LONGEST);
            let [_, y] = self.middle(r, 0);
            svg.text([self.x - 8.0, y + 4.0], style.end(), &label);
        }
        let middle = (self.y + self.bottom()) / 2.0;
        let style = style.middle().mute().turn(-90.0);
        svg.text([26.0, middle], style, &self.map.y_label);
    }

    fn draw_column_labels(&self, svg: &mut Svg) {
        let columns = &self.map.columns;
        let (n, y, style) = (self.cells.n_cols, self.y - 7.0, Type::size(LABEL));
        for c in (0..n).step_by(stride(n, self.w * 0.6, columns.is_empty())) {
            let label = columns.get(c).cloned().unwrap_or(c.to_string());
            let label = text::fit(&label, LABEL, LONGEST);
            let [x, _] = self.middle(0, c);
            if self.slanted {
                svg.text([x + 2.0, y], style.turn(-45.0), &label);
            } else {
                svg.text([x, y], style.middle(), &label);
            }
        }
        let top = [(self.x + self.right()) / 2.0, self.map.frame.top(22.0)];
        svg.text(top, style.middle().mute(), &self.map.x_label);
    }
}

/// Every how many cells a label fits. Row numbers go in round steps; names are kept while legible.
fn stride(n: usize, room: f64, numbered: bool) -> usize {
    let least = if numbered { 15.0 } else { 8.0 };
    let mut steps = [1, 2, 5, 10, 20, 50, 100, 200].into_iter();
    let fits = |step: &usize| *step as f64 * room >= least || *step >= n;
    steps.find(fits).unwrap_or(200)
}

/// What the cell is called that stands out most.
pub(super) fn most(diverging: bool, frame: &Frame) -> &'static str {
    match diverging {
        true => frame.pick("strongest", "离 0 最远的"),
        false => frame.pick("largest", "最大值"),
    }
}
