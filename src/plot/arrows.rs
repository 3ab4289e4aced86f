//! Pairs of numbers as arrows: how RoPE turns each pair of a query or key.

use super::canvas::{Paint, Pen, Svg, Type};
use super::numbers::{rounded, short, tenth};
use super::{Draw, Figure, Frame, cells, count, ensure, owned, text};
use crate::error::{Error, Result};

use candle_core::Tensor;

/// Small circles side by side, each with arrows from its centre, labelled by position.
///
/// ```no_run
/// # use llama3::plot::*;
/// # fn cell(turned: candle_core::Tensor) -> llama3::Result<()> {
/// let pair = |i: usize| turned.narrow(1, 2 * i, 2); // [T, head_dim] -> [T, 2]
/// let figure = arrows().circle("pair 0", &pair(0)?).circle("pair 20", &pair(20)?).draw()?;
/// # Ok(())
/// # }
/// ```
pub fn arrows() -> Arrows {
    Arrows::default()
}

/// See [`arrows`].
#[derive(Clone, Debug, Default)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Arrows {
    frame: Frame,
    circles: Vec<(String, Tensor)>,
    labels: Vec<String>,
}

impl Arrows {
    /// Adds a circle with one arrow for each row of `vectors` [T, 2].
    pub fn circle(mut self, title: impl AsRef<str>, vectors: &Tensor) -> Self {
        let title = text::visible(title.as_ref());
        self.circles.push((title, vectors.clone()));
        self
    }

    /// A label for each arrow; without it they are numbered from 0, as positions are.
    pub fn labels<S: AsRef<str>>(mut self, labels: &[S]) -> Self {
        self.labels = owned(labels);
        self
    }

    fn read(&self) -> Result<Vec<Circle<'_>>> {
        let n = self.circles.len();
        ensure((1..=16).contains(&n), || {
            format!("arrows: {n} circles; it takes 1 to 16, each from .circle(title, &vectors)")
        })?;
        let circles = self.circles.iter();
        circles.map(|(title, tensor)| Circle::read(title, tensor, self.labels.len())).collect()
    }

    fn alt(&self, circles: &[Circle]) -> String {
        let n = circles.len();
        let mut parts =
            vec![self.frame.pick(
                format!("{} with arrows", count(n, "circle")),
                format!("{n} 个圆，圆内有箭头"),
            )];
        for Circle { title, vectors } in circles {
            let angle = |[x, y]: [f64; 2]| short(y.atan2(x));
            let m = vectors.len();
            let (first, last) = (angle(vectors[0]), angle(vectors[m - 1]));
            parts.push(self.frame.pick(
                format!("{title}: {}, from {first} to {last} rad", count(m, "arrow")),
                format!("{title}：{m} 支箭头，从 {first} 到 {last} 弧度"),
            ));
        }
        self.frame.described(&parts)
    }
}

/// One circle, with at least one arrow.
struct Circle<'a> {
    title: &'a str,
    vectors: Vec<[f64; 2]>,
}

impl Circle<'_> {
    fn read<'a>(title: &'a str, tensor: &Tensor, n_labels: usize) -> Result<Circle<'a>> {
        let name = format!("arrows, circle {title}");
        let (n @ 1..=200, 2) = tensor.dims2().unwrap_or_default() else {
            let hint = "a pair is .narrow(1, 2 * i, 2)? of [T, head_dim]; at most 200 arrows";
            return Err(Error::shape(name, "[T, 2]", tensor.dims(), hint));
        };
        ensure(n_labels == 0 || n_labels == n, || {
            format!("{name}: {n} arrows, but {n_labels} labels")
        })?;
        let rows = cells::rows(tensor)?;
        for x in rows.iter().flatten() {
            ensure(x.is_finite(), || format!("{name}: a vector holds {x}, which has no place"))?;
        }
        let vectors = rows.iter().map(|row| [row[0], row[1]]).collect();
        Ok(Circle { title, vectors })
    }

    /// How long the longest arrow is.
    fn radius(&self) -> f64 {
        let lengths = self.vectors.iter().map(|[x, y]| x.hypot(*y));
        rounded(lengths.fold(0.0, f64::max))
    }
}

impl Draw for Arrows {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        let circles = self.read()?;
        let n_across = circles.len().min(4);
        let room = (716.0 / n_across as f64).min(300.0);
        let radius = room / 2.0 - 30.0;
        let (top, height) = (self.frame.top(12.0), 2.0 * radius + 90.0);
        let mut svg = self.frame.svg();
        for (i, circle) in circles.iter().enumerate() {
            let x = 12.0 + ((i % n_across) as f64 + 0.5) * room;
            let y = top + (i / n_across) as f64 * height;
            let words = Type::size(12.0).middle();
            let title = text::fit(circle.title, 12.5, room - 8.0);
            svg.text([x, y + 14.0], words.bold(), &title);
            self.draw_circle(&mut svg, circle, [x, y + 40.0 + radius, radius]);
            let note = self.frame.pick("radius", "半径");
            let note = format!("{note} {}", short(circle.radius()));
            svg.text([x, y + 2.0 * radius + 78.0], words.mute(), &note);
        }
        let bottom = top + circles.len().div_ceil(n_across) as f64 * height;
        let width = (24.0 + n_across as f64 * room).max(240.0);
        Ok(svg.finish([width, bottom + 6.0], self.alt(&circles)))
    }
}

impl Arrows {
    fn draw_circle(&self, svg: &mut Svg, circle: &Circle, [x, y, r]: [f64; 3]) {
        let (grid, longest) = (Pen::line(Paint::Grid, 1.0), circle.radius());
        svg.circle([x, y, r], Pen::line(Paint::Edge, 1.0));
        svg.line(&[[x - r, y], [x + r, y]], grid);
        svg.line(&[[x, y - r], [x, y + r]], grid);
        let unit = if longest > 0.0 { r / longest } else { 0.0 };
        let tip = |[vx, vy]: &[f64; 2]| [tenth(x + vx * unit), tenth(y - vy * unit)];
        let tips: Vec<[f64; 2]> = circle.vectors.iter().map(tip).collect();
        for tip in &tips {
            svg.arrow(&[[x, y], *tip], Pen::line(Paint::Series(0), 1.6));
        }
        for ([lx, ly], first, last) in label_places([x, y], &tips) {
            let label = |i: usize| self.labels.get(i).cloned().unwrap_or(i.to_string());
            let label = match label(first) {
                one if first == last => one,
                one => format!("{one}…{}", label(last)),
            };
            let label = text::fit(&label, 11.0, 60.0);
            // A wide label moves further out, so that it does not lie on its arrow.
            let out = (lx - x) / r * (text::width(&label, 11.0) / 2.0 - 6.0).max(0.0);
            svg.text([lx + out, ly + 4.0], Type::size(11.0).middle(), &label);
        }
    }
}

/// Where labels stand, just beyond the arrows' tips, with the first and last arrow of each.
/// Neighbours that point the same way share a label; one that meets an older label goes without.
fn label_places([x, y]: [f64; 2], tips: &[[f64; 2]]) -> Vec<([f64; 2], usize, usize)> {
    let mut places: Vec<([f64; 2], usize, usize)> = Vec::new();
    for (i, [tx, ty]) in tips.iter().enumerate() {
        let length = (tx - x).hypot(ty - y);
        if length < 1.0 {
            continue;
        }
        let beyond = 1.0 + 13.0 / length;
        let at = [x + (tx - x) * beyond, y + (ty - y) * beyond];
        let mut older = places.iter_mut();
        match older.find(|([px, py], ..)| (px - at[0]).hypot(py - at[1]) < 14.0) {
            Some((_, _, last)) if *last + 1 == i => *last = i,
            Some(_) => {}
            None => places.push((at, i, i)),
        }
    }
    places
}
