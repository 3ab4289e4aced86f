//! Pairs of numbers as arrows: how RoPE turns each pair of a query or key.

use super::canvas::{Paint, Pen, Svg, Type};
use super::numbers::{rounded, short, tenth};
use super::{Draw, Figure, Language, count, described, owned, text};
use crate::error::{Error, Result};

use candle_core::{DType, Device, Tensor};

/// Small circles side by side, each with arrows from its centre, labelled by position.
///
/// ```no_run
/// # use llama3::plot::*;
/// # fn cell(q: candle_core::Tensor, turned: candle_core::Tensor) -> llama3::Result<()> {
/// let pair = |x: &candle_core::Tensor, i: usize| x.narrow(1, 2 * i, 2); // [T, 2]
/// let figure = arrows()
///     .rotated("pair 0", &pair(&q, 0)?, &pair(&turned, 0)?)
///     .rotated("pair 20", &pair(&q, 20)?, &pair(&turned, 20)?)
///     .draw()?;
/// # Ok(())
/// # }
/// ```
pub fn arrows() -> Arrows {
    Arrows {
        circles: Vec::new(),
        labels: Vec::new(),
        title: String::new(),
        language: Language::current(),
    }
}

/// See [`arrows`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Arrows {
    circles: Vec<(String, Option<Tensor>, Tensor)>,
    labels: Vec<String>,
    title: String,
    language: Language,
}

super::title_and_language!(Arrows);

impl Arrows {
    /// Adds a circle with one arrow for each row of `vectors` [T, 2].
    pub fn circle(mut self, title: impl AsRef<str>, vectors: &Tensor) -> Self {
        self.circles
            .push((text::visible(title.as_ref()), None, vectors.clone()));
        self
    }

    /// Adds a circle with the vectors before (dashed, grey) and after a rotation, both [T, 2].
    pub fn rotated(mut self, title: impl AsRef<str>, before: &Tensor, after: &Tensor) -> Self {
        let title = text::visible(title.as_ref());
        self.circles
            .push((title, Some(before.clone()), after.clone()));
        self
    }

    /// A label for each arrow; without it they are numbered from 0, as positions are.
    pub fn labels<S: AsRef<str>>(mut self, labels: &[S]) -> Self {
        self.labels = owned(labels);
        self
    }

    fn read(&self) -> Result<Vec<Circle>> {
        let n = self.circles.len();
        if n == 0 || n > 16 {
            return Err(Error::Argument(format!(
                "arrows: {n} circles; it takes 1 to 16, each from .circle(title, &vectors)"
            )));
        }
        let circle = |(title, before, after): &(String, Option<Tensor>, Tensor)| {
            let before = before.as_ref().map(|x| vectors(x, title)).transpose()?;
            let circle = Circle {
                before: before.unwrap_or_default(),
                after: vectors(after, title)?,
            };
            match self.labels.len() {
                0 => Ok(circle),
                n if n == circle.after.len() => Ok(circle),
                n => Err(Error::Argument(format!(
                    "arrows, circle {title}: {} arrows, but {n} labels",
                    circle.after.len()
                ))),
            }
        };
        self.circles.iter().map(circle).collect()
    }

    fn label(&self, i: usize) -> String {
        self.labels.get(i).cloned().unwrap_or(i.to_string())
    }

    fn alt(&self, circles: &[Circle]) -> String {
        let n = circles.len();
        let mut parts = vec![self.language.pick(
            format!("{} with arrows", count(n, "circle")),
            format!("{n} 个圆，圆内有箭头"),
        )];
        for ((title, _, _), circle) in self.circles.iter().zip(circles) {
            let (m, first, last) = circle.span();
            parts.push(self.language.pick(
                format!("{title}: {}, from {first} to {last} rad", count(m, "arrow")),
                format!("{title}：{m} 支箭头，从 {first} 到 {last} 弧度"),
            ));
        }
        described(&self.title, self.language, &parts)
    }
}

/// The vectors of one circle.
struct Circle {
    before: Vec<[f64; 2]>,
    after: Vec<[f64; 2]>,
}

impl Circle {
    /// How long the longest arrow is.
    fn radius(&self) -> f64 {
        let all = self.before.iter().chain(&self.after);
        rounded(all.map(|[x, y]| x.hypot(*y)).fold(0.0, f64::max))
    }

    /// How many arrows there are, and the directions of the first and the last, for the alt text.
    fn span(&self) -> (usize, String, String) {
        let radians = |v: Option<&[f64; 2]>| {
            let [x, y] = v.copied().unwrap_or_default();
            short(y.atan2(x))
        };
        (
            self.after.len(),
            radians(self.after.first()),
            radians(self.after.last()),
        )
    }
}

fn vectors(tensor: &Tensor, title: &str) -> Result<Vec<[f64; 2]>> {
    let name = format!("arrows, circle {title}");
    let (1..=200, 2) = tensor.dims2().unwrap_or_default() else {
        let hint = "a pair is .narrow(1, 2 * i, 2)? of [T, head_dim]; at most 200 arrows";
        return Err(Error::shape(name, "[T, 2]", tensor.dims(), hint));
    };
    let rows = tensor
        .to_device(&Device::Cpu)?
        .to_dtype(DType::F32)?
        .to_vec2::<f32>()?;
    let rows: Vec<[f64; 2]> = rows.iter().map(|v| [v[0] as f64, v[1] as f64]).collect();
    match rows.iter().flatten().find(|x| !x.is_finite()) {
        Some(x) => Err(Error::Argument(format!(
            "{name}: a vector holds {x}, which has no place"
        ))),
        None => Ok(rows),
    }
}

impl Draw for Arrows {
    fn draw(&self) -> Result<Figure> {
        let circles = self.read()?;
        let n_across = circles.len().min(4);
        let room = 716.0 / n_across as f64;
        let room = room.min(300.0);
        let radius = room / 2.0 - 30.0;
        let top = if self.title.is_empty() { 12.0 } else { 40.0 };
        let mut svg = Svg::new(&self.title);
        let height = 2.0 * radius + 90.0;
        for (i, (circle, (title, _, _))) in circles.iter().zip(&self.circles).enumerate() {
            let x = 12.0 + ((i % n_across) as f64 + 0.5) * room;
            let y = top + (i / n_across) as f64 * height;
            let words = Type::size(12.0).middle();
            svg.text(
                [x, y + 14.0],
                words.bold(),
                &text::fit(title, 12.5, room - 8.0),
            );
            self.draw_circle(&mut svg, circle, [x, y + 40.0 + radius, radius]);
            let note = self.language.pick("radius", "半径");
            let note = format!("{note} {}", short(circle.radius()));
            svg.text([x, y + 2.0 * radius + 78.0], words.mute(), &note);
        }
        let bottom = top + circles.len().div_ceil(n_across) as f64 * height;
        let rotated = circles.iter().any(|circle| !circle.before.is_empty());
        if rotated {
            self.legend(&mut svg, bottom + 12.0);
        }
        let circles_end = 24.0 + n_across as f64 * room;
        let width = circles_end.max(240.0);
        let height = bottom + if rotated { 30.0 } else { 6.0 };
        Ok(svg.finish([width, height], self.alt(&circles)))
    }
}

impl Arrows {
    /// Which arrows are before and which after the rotation.
    fn legend(&self, svg: &mut Svg, y: f64) {
        let words = Type::size(12.0);
        svg.arrow(
            &[[20.0, y], [50.0, y]],
            Pen::line(Paint::Mute, 1.2).dashed(true),
        );
        svg.text(
            [58.0, y + 4.0],
            words,
            self.language.pick("before", "旋转前"),
        );
        svg.arrow(&[[128.0, y], [158.0, y]], Pen::line(Paint::Series(0), 1.8));
        svg.text(
            [166.0, y + 4.0],
            words,
            self.language.pick("after", "旋转后"),
        );
    }

    fn draw_circle(&self, svg: &mut Svg, circle: &Circle, [x, y, r]: [f64; 3]) {
        let (grid, largest) = (Pen::line(Paint::Grid, 1.0), circle.radius());
        svg.circle([x, y, r], Pen::line(Paint::Edge, 1.0));
        svg.line(&[[x - r, y], [x + r, y]], grid);
        svg.line(&[[x, y - r], [x, y + r]], grid);
        let unit = if largest > 0.0 { r / largest } else { 0.0 };
        let tip = |[vx, vy]: [f64; 2]| [tenth(x + vx * unit), tenth(y - vy * unit)];
        for v in &circle.before {
            svg.arrow(&[[x, y], tip(*v)], Pen::line(Paint::Mute, 1.0).dashed(true));
        }
        let tips: Vec<[f64; 2]> = circle.after.iter().map(|v| tip(*v)).collect();
        for tip in &tips {
            svg.arrow(&[[x, y], *tip], Pen::line(Paint::Series(0), 1.6));
        }
        for ([lx, ly], first, last) in label_places([x, y], &tips) {
            let (from, to) = (self.label(first), self.label(last));
            let label = if first == last {
                from
            } else {
                format!("{from}…{to}")
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
        let near = |place: &&mut ([f64; 2], usize, usize)| {
            (place.0[0] - at[0]).hypot(place.0[1] - at[1]) < 14.0
        };
        match places.iter_mut().find(near) {
            Some(place) if place.2 + 1 == i => place.2 = i,
            Some(_) => {}
            None => places.push((at, i, i)),
        }
    }
    places
}
