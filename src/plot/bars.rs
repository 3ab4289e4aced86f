//! Horizontal bars with their values: the next token's candidates, the sizes of matrices.

use super::canvas::{Paint, Pen, Svg, Type};
use super::numbers::{Number, Unit, is_drawable, range, rounded};
use super::{Draw, Figure, Frame, count, ensure, labelled, text};
use crate::error::Result;

/// Horizontal bars, one for each (label, value), in the order given.
///
/// ```
/// # use llama3::plot::*;
/// let figure = bars(&[(" 42", 0.9), (" 1", 0.05)]).percent().highlight(0).draw()?;
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn bars<S: AsRef<str>, N: Number>(bars: &[(S, N)]) -> Bars {
    Bars { bars: labelled(bars), ..Bars::default() }
}

/// See [`bars`].
#[derive(Clone, Debug, Default)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Bars {
    frame: Frame,
    bars: Vec<(String, f64)>,
    unit: Unit,
    highlight: Option<usize>,
}

impl Bars {
    /// The values are parts of one: 0.93 is written 93 %.
    pub fn percent(mut self) -> Self {
        self.unit = Unit::Percent;
        self
    }

    /// The values are sizes in bytes.
    pub fn bytes(mut self) -> Self {
        self.unit = Unit::Bytes;
        self
    }

    /// A unit that is written after each value.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Unit::Named(unit.into());
        self
    }

    /// Draws one bar, counted from 0, in another colour.
    pub fn highlight(mut self, index: usize) -> Self {
        self.highlight = Some(index);
        self
    }

    fn check(&self) -> Result<()> {
        let n = self.bars.len();
        ensure((1..=100).contains(&n), || format!("bar chart: {n} bars; it takes 1 to 100"))?;
        for (label, x) in &self.bars {
            ensure(is_drawable(*x), || {
                let problem = format!("bar chart: the value of ‘{label}’ is {x}");
                format!("{problem}; a bar needs a finite length below 1e100")
            })?;
        }
        let i = self.highlight.unwrap_or(0);
        ensure(i < n, || format!("bar chart: highlight({i}), but the {n} bars are counted from 0"))
    }

    fn alt(&self) -> String {
        let by_size =
            |a: &&(String, f64), b: &&(String, f64)| rounded(a.1).total_cmp(&rounded(b.1));
        let words = |bar: Option<&(String, f64)>| {
            let (label, x) = bar.cloned().unwrap_or_default();
            let label = self.frame.language.quote(&label);
            format!("{label} {}", self.unit.show(x))
        };
        // The first of several equal ones: `max_by` takes the last that it meets.
        let largest = words(self.bars.iter().rev().max_by(by_size));
        let smallest = words(self.bars.iter().min_by(by_size));
        let n = self.bars.len();
        self.frame.described(&self.frame.pick(
            [
                format!("Bar chart, {}", count(n, "bar")),
                format!("largest {largest}"),
                format!("smallest {smallest}"),
            ],
            [
                format!("条形图，{n} 条"),
                format!("最大的是{largest}"),
                format!("最小的是{smallest}"),
            ],
        ))
    }
}

const LABEL: f64 = 13.0;
const LONGEST: f64 = 240.0;
const ROW: f64 = 26.0;

impl Draw for Bars {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        self.check()?;
        let labels = self.bars.iter().map(|(label, _)| label);
        let values = self.bars.iter().map(|(_, x)| self.unit.show(*x));
        let lengths = self.bars.iter().map(|(_, x)| rounded(*x));
        let (lo, hi) = range(lengths.chain([0.0]));
        let label_end = 20.0 + text::widest(labels, LABEL).min(LONGEST);
        let value_room = text::widest(values, 12.0) + 12.0;
        // The values of bars to the left of zero stand at their left ends.
        let left = label_end + 8.0 + if lo < 0.0 { value_room } else { 0.0 };
        let unit_length = (720.0 - value_room - left) / if hi > lo { hi - lo } else { 1.0 };
        let zero = left - lo * unit_length;
        let top = self.frame.top(16.0);
        let mut svg = self.frame.svg();
        for (i, (label, x)) in self.bars.iter().enumerate() {
            let y = top + i as f64 * ROW;
            let style = Type::size(LABEL).end();
            let style = if self.highlight == Some(i) { style.bold() } else { style };
            let label = text::fit(label, LABEL, LONGEST);
            svg.text([label_end, y + 17.0], style, &label);
            self.draw_bar(&mut svg, i, [zero, y, rounded(*x) * unit_length]);
        }
        let bottom = top + self.bars.len() as f64 * ROW;
        svg.line(&[[zero, top], [zero, bottom]], Pen::line(Paint::Edge, 1.0));
        Ok(svg.finish([740.0, bottom + 14.0], self.alt()))
    }
}

impl Bars {
    /// A bar from zero to its length, with its value at the end.
    fn draw_bar(&self, svg: &mut Svg, i: usize, [zero, y, length]: [f64; 3]) {
        let lit = self.highlight == Some(i);
        let pen = Pen::fill(Paint::Series(usize::from(lit)));
        let (start, style) = (zero + length.min(0.0), Type::size(12.0));
        svg.rect([start, y + 3.0, length.abs().max(1.0), ROW - 7.0], 2.0, pen);
        let value = self.unit.show(self.bars[i].1);
        if length < 0.0 {
            svg.text([start - 6.0, y + 17.0], style.end(), &value);
        } else {
            svg.text([zero + length + 6.0, y + 17.0], style, &value);
        }
    }
}
