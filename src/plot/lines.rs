//! Line charts: seconds per token with and without the cache, the logit lens layer by layer.

use super::canvas::{Paint, Pen, Svg, Type};
use super::numbers::{Number, fixed, is_drawable, range, short, tenth, ticks};
use super::paint::SERIES;
use super::{Draw, Figure, Frame, count, ensure, text};
use crate::error::Result;

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
    Lines { xs: xs.iter().map(|x| x.to_f64()).collect(), ..Lines::default() }
}

/// See [`lines`].
#[derive(Clone, Debug, Default)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Lines {
    frame: Frame,
    xs: Vec<f64>,
    series: Vec<(String, Vec<f64>)>,
    x_label: String,
    y_label: String,
    log_y: bool,
}

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
        let n = self.xs.len();
        ensure(n > 0 && !self.series.is_empty(), || {
            let hint = "give x values, and a line with .series(name, &ys)";
            format!("line chart: nothing to draw; {hint}")
        })?;
        for x in &self.xs {
            ensure(is_drawable(*x), || format!("line chart: an x value is {x}"))?;
        }
        for (name, ys) in &self.series {
            ensure(ys.len() == n, || {
                let has = format!("line chart: ‘{name}’ has {} values", ys.len());
                format!("{has}, but there are {n} x values")
            })?;
            for y in ys {
                let is = || format!("line chart: a value of ‘{name}’ is {y}");
                ensure(is_drawable(*y), is)?;
                ensure(*y > 0.0 || !self.log_y, || is() + ", which has no logarithm")?;
            }
        }
        Ok(())
    }

    fn alt(&self) -> String {
        let (n, m) = (self.series.len(), self.xs.len());
        let mut parts = vec![self.frame.pick(
            format!("Line chart, {} of {}", count(n, "line"), count(m, "point")),
            format!("折线图，{n} 条线，每条 {m} 个点"),
        )];
        for (name, ys) in &self.series {
            let (first, last) = (short(ys[0]), short(ys[m - 1]));
            let name = self.frame.language.quote(name);
            parts.push(self.frame.pick(
                format!("{name} from {first} to {last}"),
                format!("{name}从 {first} 到 {last}"),
            ));
        }
        self.frame.described(&parts)
    }
}

impl Draw for Lines {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        self.check()?;
        let plane = Plane::new(self);
        let mut svg = self.frame.svg();
        plane.draw_axes(&mut svg);
        let mut ends: Vec<(f64, usize)> = Vec::new();
        for (i, (_, ys)) in self.series.iter().enumerate() {
            let point = |(x, y): (&f64, &f64)| [tenth(plane.x(*x)), tenth(plane.y(*y))];
            let points: Vec<[f64; 2]> = self.xs.iter().zip(ys).map(point).collect();
            let pen = Pen::line(Paint::Series(i), 2.0).dashed(i >= SERIES);
            svg.line(&points, pen);
            if points.len() <= 40 {
                for [x, y] in &points {
                    svg.circle([*x, *y, 3.0], Pen::fill(Paint::Series(i)));
                }
            }
            ends.extend(points.last().map(|[_, y]| (*y, i)));
        }
        plane.draw_names(&mut svg, ends);
        Ok(svg.finish([740.0, plane.bottom + 52.0], self.alt()))
    }
}

/// From data to pixels.
struct Plane<'a> {
    chart: &'a Lines,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x_range: (f64, f64),
    y_range: (f64, f64),
    y_ticks: Vec<(f64, String)>,
}

impl Plane<'_> {
    fn new(chart: &Lines) -> Plane<'_> {
        let (lo, hi) = range(chart.series.iter().flat_map(|(_, ys)| ys).copied());
        let (y_range, y_ticks) = if chart.log_y { log_ticks(lo, hi) } else { even_ticks(lo, hi) };
        let axis = if chart.y_label.is_empty() { 28.0 } else { 48.0 };
        let tick_labels = y_ticks.iter().map(|(_, label)| label);
        let names = chart.series.iter().map(|(name, _)| name);
        let top = chart.frame.top(20.0);
        Plane {
            chart,
            left: axis + text::widest(tick_labels, 11.0),
            right: 706.0 - text::widest(names, 12.0).min(200.0),
            top,
            bottom: top + 260.0,
            x_range: widened(range(chart.xs.iter().copied())),
            y_range,
            y_ticks,
        }
    }

    fn x(&self, x: f64) -> f64 {
        let (lo, hi) = self.x_range;
        self.left + (x - lo) / (hi - lo) * (self.right - self.left)
    }

    fn y(&self, y: f64) -> f64 {
        let (lo, hi) = self.y_range;
        let part = if self.chart.log_y {
            (y / lo).log10() / (hi / lo).log10()
        } else {
            (y - lo) / (hi - lo)
        };
        self.bottom - part * (self.bottom - self.top)
    }

    fn draw_axes(&self, svg: &mut Svg) {
        let (left, right, bottom) = (self.left, self.right, self.bottom);
        let (label, edge) = (Type::size(11.0).mute(), Pen::line(Paint::Edge, 1.0));
        for (y, text) in &self.y_ticks {
            let y = self.y(*y);
            svg.line(&[[left, y], [right, y]], Pen::line(Paint::Grid, 1.0));
            svg.text([left - 6.0, y + 4.0], label.end(), text);
        }
        svg.line(&[[left, bottom], [right, bottom]], edge);
        let (xs, decimals) = ticks(self.x_range, 9.0);
        for x in xs {
            let (at, text) = (self.x(x), fixed(x, decimals));
            svg.line(&[[at, bottom], [at, bottom + 4.0]], edge);
            svg.text([at, bottom + 18.0], label.middle(), &text);
        }
        let name = Type::size(12.0).middle().mute();
        let (x, y) = ((left + right) / 2.0, (self.top + bottom) / 2.0);
        svg.text([x, bottom + 38.0], name, &self.chart.x_label);
        svg.text([26.0, y], name.turn(-90.0), &self.chart.y_label);
    }

    /// The names at the lines' ends, moved apart where they would overlap.
    fn draw_names(&self, svg: &mut Svg, mut ends: Vec<(f64, usize)>) {
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
            let name = text::fit(&self.chart.series[i].0, 12.0, 200.0);
            svg.text([self.right + 13.0, y + 4.0], Type::size(12.0), &name);
        }
    }
}

/// From where to where an axis goes, and what stands beside it at which values.
type Axis = ((f64, f64), Vec<(f64, String)>);

/// A range that is not a single point.
fn widened((lo, hi): (f64, f64)) -> (f64, f64) {
    if hi - lo > 1e-9 * hi.abs().max(lo.abs()) {
        (lo, hi)
    } else {
        (lo - lo.abs().max(1.0) / 2.0, hi + hi.abs().max(1.0) / 2.0)
    }
}

/// A linear axis, from zero when the data comes near it.
fn even_ticks(lo: f64, hi: f64) -> Axis {
    let lo = if lo > 0.0 && lo < 0.5 * hi { 0.0 } else { lo };
    let (lo, hi) = widened((lo, hi));
    let (at, decimals) = ticks((lo, hi), 6.0);
    let step = if at.len() > 1 { at[1] - at[0] } else { hi - lo };
    let down = (lo / step + 1e-9).floor() * step;
    let up = (hi / step - 1e-9).ceil() * step;
    let (at, _) = ticks((down, up), (up - down) / step);
    let labels = at.into_iter().map(|y| (y, fixed(y, decimals)));
    ((down, up), labels.collect())
}

/// Powers of ten, and 2 and 5 times them when they are few.
fn log_ticks(lo: f64, hi: f64) -> Axis {
    let (from, to) = (lo.log10().floor() as i32, (hi.log10() + 1e-9).ceil() as i32);
    let to = to.max(from + 1);
    let few: &[f64] = if to - from <= 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let end = 10f64.powi(to);
    let every = ((to - from) as usize).div_ceil(8);
    let powers = (from..=to).step_by(every).map(|e| 10f64.powi(e));
    let all = powers.flat_map(|power| few.iter().map(move |m| m * power));
    let ticks = all.filter(|y| *y <= end * 1.001);
    ((10f64.powi(from), end), ticks.map(|y| (y, short(y))).collect())
}
