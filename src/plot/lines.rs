//! Line charts: seconds per token with and without the cache, the logit lens layer by layer.

use super::canvas::{Paint, Pen, Svg, Type};
use super::numbers::{Number, fixed, is_drawable, short, tenth, ticks};
use super::paint::SERIES;
use super::{Draw, Figure, Language, count, described, text};
use crate::error::{Error, Result};

/// Lines over common x values; each [`Lines::series`] adds one.
///
/// ```
/// # use llama3::plot::*;
/// let figure = lines(&[1, 2, 4, 8])
///     .series("without cache", &[0.1, 0.2, 0.5, 1.2])
///     .series("with cache", &[0.1, 0.1, 0.1, 0.1])
///     .x_label("tokens").y_label("seconds per token").log_y()
///     .draw()?;
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn lines<N: Number>(xs: &[N]) -> Lines {
    Lines {
        xs: xs.iter().map(|x| x.to_f64()).collect(),
        series: Vec::new(),
        x_label: String::new(),
        y_label: String::new(),
        log_y: false,
        title: String::new(),
        language: Language::current(),
    }
}

/// See [`lines`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Lines {
    xs: Vec<f64>,
    series: Vec<(String, Vec<f64>)>,
    x_label: String,
    y_label: String,
    log_y: bool,
    title: String,
    language: Language,
}

super::title_and_language!(Lines);

impl Lines {
    /// Adds a line: its name and one y for each x.
    pub fn series<N: Number>(mut self, name: impl AsRef<str>, ys: &[N]) -> Self {
        let ys = ys.iter().map(|y| y.to_f64()).collect();
        self.series.push((text::visible(name.as_ref()), ys));
        self
    }

    /// What x is.
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = label.into();
        self
    }

    /// What y is.
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y_label = label.into();
        self
    }

    /// A logarithmic y axis: equal ratios are equally far apart.
    pub fn log_y(mut self) -> Self {
        self.log_y = true;
        self
    }

    fn check(&self) -> Result<()> {
        let fail = |problem: String| Err(Error::Argument(format!("line chart: {problem}")));
        if self.xs.is_empty() || self.series.is_empty() {
            return fail(
                "nothing to draw; give x values, and a line with .series(name, &ys)".into(),
            );
        }
        if let Some(x) = self.xs.iter().find(|x| !is_drawable(**x)) {
            return fail(format!("an x value is {x}"));
        }
        for (name, ys) in &self.series {
            if ys.len() != self.xs.len() {
                let (n, m) = (ys.len(), self.xs.len());
                return fail(format!(
                    "‘{name}’ has {n} values, but there are {m} x values"
                ));
            }
            if let Some(y) = ys.iter().find(|y| !is_drawable(**y)) {
                return fail(format!("a value of ‘{name}’ is {y}"));
            }
            if let Some(y) = ys.iter().find(|y| self.log_y && **y <= 0.0) {
                return fail(format!(
                    "a value of ‘{name}’ is {y}, which has no logarithm"
                ));
            }
        }
        Ok(())
    }

    fn alt(&self) -> String {
        let (n, m) = (self.series.len(), self.xs.len());
        let mut parts = vec![self.language.pick(
            format!("Line chart, {} of {}", count(n, "line"), count(m, "point")),
            format!("折线图，{n} 条线，每条 {m} 个点"),
        )];
        for (name, ys) in &self.series {
            let (first, last) = (short(ys[0]), short(ys[m - 1]));
            let name = self.language.quote(name);
            parts.push(self.language.pick(
                format!("{name} from {first} to {last}"),
                format!("{name}从 {first} 到 {last}"),
            ));
        }
        described(&self.title, self.language, &parts)
    }
}

impl Draw for Lines {
    fn draw(&self) -> Result<Figure> {
        self.check()?;
        let plane = Plane::new(self);
        let mut svg = Svg::new(&self.title);
        plane.axes(&mut svg, self);
        let mut ends: Vec<(f64, usize)> = Vec::new();
        for (i, (_, ys)) in self.series.iter().enumerate() {
            let point = |(x, y): (&f64, &f64)| [tenth(plane.x(*x)), tenth(plane.y(*y))];
            let points: Vec<[f64; 2]> = self.xs.iter().zip(ys).map(point).collect();
            let pen = Pen::line(Paint::Series(i), 2.0).dashed(i >= SERIES);
            svg.line(&points, pen);
            if points.len() <= 40 {
                points
                    .iter()
                    .for_each(|[x, y]| svg.circle([*x, *y, 3.0], Pen::fill(Paint::Series(i))));
            }
            ends.extend(points.last().map(|[_, y]| (*y, i)));
        }
        plane.names(&mut svg, self, ends);
        Ok(svg.finish([740.0, plane.bottom + 52.0], self.alt()))
    }
}

/// From data to pixels.
struct Plane {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x_range: (f64, f64),
    y_range: (f64, f64),
    y_ticks: Vec<(f64, String)>,
    log_y: bool,
}

impl Plane {
    fn new(chart: &Lines) -> Plane {
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), x| {
                (lo.min(x), hi.max(x))
            })
        };
        let x_range = widened(range(&mut chart.xs.iter().copied()));
        let (lo, hi) = range(&mut chart.series.iter().flat_map(|(_, ys)| ys.iter().copied()));
        let (y_range, y_ticks) = match chart.log_y {
            true => log_ticks(lo, hi),
            false => even_ticks(lo, hi),
        };
        let tick_labels: Vec<&String> = y_ticks.iter().map(|(_, label)| label).collect();
        let names: Vec<&String> = chart.series.iter().map(|(name, _)| name).collect();
        let axis = if chart.y_label.is_empty() { 22.0 } else { 42.0 };
        let left = axis + text::widest(&tick_labels, 11.0) + 6.0;
        let right = 740.0 - 34.0 - text::widest(&names, 12.0).min(200.0);
        let top = if chart.title.is_empty() { 20.0 } else { 48.0 };
        let log_y = chart.log_y;
        Plane {
            left,
            right,
            top,
            bottom: top + 260.0,
            x_range,
            y_range,
            y_ticks,
            log_y,
        }
    }

    fn x(&self, x: f64) -> f64 {
        let (lo, hi) = self.x_range;
        self.left + (x - lo) / (hi - lo) * (self.right - self.left)
    }

    fn y(&self, y: f64) -> f64 {
        let (lo, hi) = self.y_range;
        let part = match self.log_y {
            true => (y / lo).log10() / (hi / lo).log10(),
            false => (y - lo) / (hi - lo),
        };
        self.bottom - part * (self.bottom - self.top)
    }

    fn axes(&self, svg: &mut Svg, chart: &Lines) {
        let label = Type::size(11.0).mute();
        for (y, text) in &self.y_ticks {
            let y = self.y(*y);
            svg.line(
                &[[self.left, y], [self.right, y]],
                Pen::line(Paint::Grid, 1.0),
            );
            svg.text([self.left - 6.0, y + 4.0], label.end(), text);
        }
        let base = [[self.left, self.bottom], [self.right, self.bottom]];
        svg.line(&base, Pen::line(Paint::Edge, 1.0));
        let (lo, hi) = self.x_range;
        let (xs, decimals) = ticks(lo, hi, 9.0);
        for x in xs {
            let at = self.x(x);
            svg.line(
                &[[at, self.bottom], [at, self.bottom + 4.0]],
                Pen::line(Paint::Edge, 1.0),
            );
            svg.text(
                [at, self.bottom + 18.0],
                label.middle(),
                &fixed(x, decimals),
            );
        }
        let title = Type::size(12.0).middle().mute();
        let (x, y) = (
            (self.left + self.right) / 2.0,
            (self.top + self.bottom) / 2.0,
        );
        svg.text([x, self.bottom + 38.0], title, &chart.x_label);
        svg.text([26.0, y], title.turn(-90.0), &chart.y_label);
    }

    /// The names at the lines' ends, moved apart where they would overlap.
    fn names(&self, svg: &mut Svg, chart: &Lines, mut ends: Vec<(f64, usize)>) {
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut at: Vec<f64> = Vec::new();
        for (y, _) in &ends {
            at.push(at.last().map_or(*y, |last: &f64| y.max(last + 16.0)));
        }
        let over = at.last().map_or(0.0, |last| (last - self.bottom).max(0.0));
        for ((end, i), y) in ends.into_iter().zip(at) {
            // Names pushed below the chart move up together, but none above its own end.
            let y = (y - over).min(y).max(self.top);
            let leader = [[self.right + 2.0, end], [self.right + 10.0, y]];
            svg.line(&leader, Pen::line(Paint::Series(i), 1.0));
            let name = text::fit(&chart.series[i].0, 12.0, 200.0);
            svg.text([self.right + 13.0, y + 4.0], Type::size(12.0), &name);
        }
    }
}

type Ticks = ((f64, f64), Vec<(f64, String)>);

/// A range that is not a single point.
fn widened((lo, hi): (f64, f64)) -> (f64, f64) {
    match hi - lo > 1e-9 * hi.abs().max(lo.abs()) {
        true => (lo, hi),
        false => (lo - lo.abs().max(1.0) / 2.0, hi + hi.abs().max(1.0) / 2.0),
    }
}

/// A linear axis, from zero when the data comes near it.
fn even_ticks(lo: f64, hi: f64) -> Ticks {
    let lo = if lo > 0.0 && lo < 0.5 * hi { 0.0 } else { lo };
    let (lo, hi) = widened((lo, hi));
    let (at, decimals) = ticks(lo, hi, 6.0);
    let step = if at.len() > 1 { at[1] - at[0] } else { hi - lo };
    let down = (lo / step + 1e-9).floor() * step;
    let up = (hi / step - 1e-9).ceil() * step;
    let (at, _) = ticks(down, up, (up - down) / step);
    (
        (down, up),
        at.into_iter().map(|y| (y, fixed(y, decimals))).collect(),
    )
}

/// Powers of ten, and 2 and 5 times them when they are few.
fn log_ticks(lo: f64, hi: f64) -> Ticks {
    let (from, to) = (lo.log10().floor() as i32, (hi.log10() + 1e-9).ceil() as i32);
    let to = to.max(from + 1);
    let every = ((to - from) as usize).div_ceil(8);
    let multiples: &[f64] = if to - from <= 2 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let end = 10f64.powi(to);
    let all = (from..=to)
        .step_by(every)
        .flat_map(|e| multiples.iter().map(move |m| m * 10f64.powi(e)));
    let ticks = all
        .filter(|y| *y <= end * 1.001)
        .map(|y| (y, short(y)))
        .collect();
    ((10f64.powi(from), end), ticks)
}
