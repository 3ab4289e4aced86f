//! Where the cells, numbers and labels of a heat map lie.

use super::canvas::{Paint, Pen, Svg, Type, polyline};
use super::cells::Cells;
use super::colors::Scale;
use super::heatmap::Heatmap;
use super::numbers::{decimals, fixed};
use super::text;

const LABEL: f64 = 12.0;
const LONGEST: f64 = 130.0;

/// Where the cells lie: their corner, and the size of each.
pub(super) struct Place {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
    n_rows: usize,
    n_cols: usize,
    /// Column labels too wide for their column are set at an angle.
    slanted: bool,
    /// Where the last column label ends.
    pub right_edge: f64,
}

impl Place {
    pub fn new(map: &Heatmap, cells: &Cells) -> Place {
        let (n_rows, n_cols) = (cells.n_rows, cells.n_cols);
        let axis = |label: &str| if label.is_empty() { 0.0 } else { 20.0 };
        let x =
            20.0 + axis(&map.y_label) + text::widest(&map.rows, LABEL).clamp(20.0, LONGEST) + 8.0;
        let longest = text::widest(&map.columns, LABEL).min(LONGEST);
        let room = 720.0 - x;
        let slanted = longest + 4.0 > (room / n_cols as f64).min(56.0);
        let overhang = if slanted { 0.71 * longest } else { 0.0 };
        let w = ((room - overhang).max(n_cols as f64) / n_cols as f64).min(56.0);
        let w = if w > 8.0 { w.floor() } else { w };
        let least = match n_rows {
            ..=40 => 18.0,
            _ if map.rows.is_empty() => 3.0,
            _ => 15.0,
        };
        let h = w.min(30.0).max(least);
        let labels = if slanted { 0.71 * longest + 14.0 } else { 20.0 };
        let top = if map.title.is_empty() { 12.0 } else { 40.0 };
        let y = top + axis(&map.x_label) + labels;
        let mut place = Place {
            x,
            y,
            w,
            h,
            n_rows,
            n_cols,
            slanted,
            right_edge: 0.0,
        };
        place.right_edge = 22.0 + place.labels_end(&map.columns);
        place
    }

    fn labels_end(&self, columns: &[String]) -> f64 {
        let end = |(c, label): (usize, &String)| {
            let reach = if self.slanted { 0.71 } else { 0.5 };
            self.x + (c as f64 + 0.5) * self.w + reach * text::width(label, LABEL).min(LONGEST)
        };
        columns
            .iter()
            .enumerate()
            .map(end)
            .fold(self.right(), f64::max)
    }

    fn right(&self) -> f64 {
        self.x + self.n_cols as f64 * self.w
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.n_rows as f64 * self.h
    }

    /// Fine lines between cells that are large enough.
    pub fn grid(&self, svg: &mut Svg) {
        if self.w < 9.0 || self.h < 9.0 {
            return;
        }
        let mut d = String::new();
        for c in 1..self.n_cols {
            let x = self.x + c as f64 * self.w;
            d += &polyline(&[[x, self.y], [x, self.bottom()]]);
        }
        for r in 1..self.n_rows {
            let y = self.y + r as f64 * self.h;
            d += &polyline(&[[self.x, y], [self.right(), y]]);
        }
        svg.path(&d, Pen::line(Paint::Panel, 1.0));
    }

    pub fn values(&self, svg: &mut Svg, cells: &Cells, scale: &Scale) {
        let digits = decimals(scale.lo.abs().max(scale.hi.abs()));
        let widest = cells
            .finite()
            .map(|(_, _, x)| text::width(&fixed(x, digits), 1.0));
        let size = ((self.w - 4.0) / widest.fold(1.0, f64::max)).clamp(6.0, 12.0);
        for (r, c, x) in cells.finite() {
            let at = [
                self.x + (c as f64 + 0.5) * self.w,
                self.y + (r as f64 + 0.5) * self.h + 4.0,
            ];
            let style = Type::size(size).middle().paint(scale.ink(scale.step(x)));
            svg.text(at, style, &fixed(x, digits));
        }
    }

    pub fn row_labels(&self, svg: &mut Svg, map: &Heatmap) {
        let every = stride(self.n_rows, self.h, map.rows.is_empty());
        for r in (0..self.n_rows).step_by(every) {
            let label = map.rows.get(r).cloned().unwrap_or(r.to_string());
            let at = [self.x - 8.0, self.y + (r as f64 + 0.5) * self.h + 4.0];
            svg.text(
                at,
                Type::size(LABEL).end(),
                &text::fit(&label, LABEL, LONGEST),
            );
        }
        let middle = [26.0, (self.y + self.bottom()) / 2.0];
        svg.text(
            middle,
            Type::size(LABEL).middle().mute().turn(-90.0),
            &map.y_label,
        );
    }

    pub fn column_labels(&self, svg: &mut Svg, map: &Heatmap) {
        let every = stride(self.n_cols, self.w * 0.6, map.columns.is_empty());
        for c in (0..self.n_cols).step_by(every) {
            let label = map.columns.get(c).cloned().unwrap_or(c.to_string());
            let label = text::fit(&label, LABEL, LONGEST);
            let x = self.x + (c as f64 + 0.5) * self.w;
            match self.slanted {
                true => svg.text(
                    [x + 2.0, self.y - 7.0],
                    Type::size(LABEL).turn(-45.0),
                    &label,
                ),
                false => svg.text([x, self.y - 7.0], Type::size(LABEL).middle(), &label),
            }
        }
        let top = if map.title.is_empty() { 22.0 } else { 50.0 };
        let middle = [(self.x + self.right()) / 2.0, top];
        svg.text(middle, Type::size(LABEL).middle().mute(), &map.x_label);
    }
}

/// Every how many cells a label fits. Row numbers go in round steps; names are kept while legible.
fn stride(n: usize, room: f64, numbered: bool) -> usize {
    let steps = [1, 2, 5, 10, 20, 50, 100, 200];
    let least = if numbered { 15.0 } else { 8.0 };
    steps
        .into_iter()
        .find(|s| *s as f64 * room >= least || *s >= n)
        .unwrap_or(200)
}
