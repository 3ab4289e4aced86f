//! Horizontal bars with their values: the next token's candidates, the sizes of matrices.

use super::canvas::{Paint, Pen, Svg, Type};
use super::numbers::{Number, Unit, is_drawable, rounded};
use super::{Draw, Figure, Language, count, described, text};
use crate::error::{Error, Result};

/// Horizontal bars, one for each (label, value), in the order given.
///
/// ```
/// # use llama3::plot::*;
/// let figure = bars(&[(" 42", 0.9), (" 1", 0.05)]).percent().highlight(0).draw()?;
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn bars<S: AsRef<str>, N: Number>(bars: &[(S, N)]) -> Bars {
    let owned = |(label, value): &(S, N)| (text::visible(label.as_ref()), value.to_f64());
    Bars {
        bars: bars.iter().map(owned).collect(),
        unit: Unit::Plain,
        highlight: None,
        title: String::new(),
        language: Language::current(),
    }
}

/// See [`bars`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Bars {
    bars: Vec<(String, f64)>,
    unit: Unit,
    highlight: Option<usize>,
    title: String,
    language: Language,
}

super::title_and_language!(Bars);

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
        if n == 0 || n > 100 {
            return Err(Error::Argument(format!(
                "bar chart: {n} bars; it takes 1 to 100"
            )));
        }
        if let Some((label, x)) = self.bars.iter().find(|(_, x)| !is_drawable(*x)) {
            let problem = format!("bar chart: the value of ‘{label}’ is {x}");
            return Err(Error::Argument(format!(
                "{problem}; a bar needs a finite length below 1e100"
            )));
        }
        match self.highlight {
            Some(i) if i >= n => Err(Error::Argument(format!(
                "bar chart: highlight({i}), but the {n} bars are counted from 0"
            ))),
            _ => Ok(()),
        }
    }

    fn alt(&self) -> String {
        let pick = |better: fn(f64, f64) -> bool| {
            let best = self
                .bars
                .iter()
                .reduce(|a, b| if better(b.1, a.1) { b } else { a });
            best.map_or(String::new(), |(label, x)| {
                format!("{} {}", self.language.quote(label), self.unit.show(*x))
            })
        };
        let largest = pick(|a, b| rounded(a) > rounded(b));
        let smallest = pick(|a, b| rounded(a) < rounded(b));
        let n = self.bars.len();
        let parts = match self.language {
            Language::En => [
                format!("Bar chart, {}", count(n, "bar")),
                format!("largest {largest}"),
                format!("smallest {smallest}"),
            ],
            Language::Zh => [
                format!("条形图，{n} 条"),
                format!("最大的是{largest}"),
                format!("最小的是{smallest}"),
            ],
        };
        described(&self.title, self.language, &parts)
    }
}

const LABEL: f64 = 13.0;
const LONGEST: f64 = 240.0;
const ROW: f64 = 26.0;

impl Draw for Bars {
    fn draw(&self) -> Result<Figure> {
        self.check()?;
        let labels: Vec<&str> = self.bars.iter().map(|(label, _)| label.as_str()).collect();
        let values: Vec<String> = self.bars.iter().map(|(_, x)| self.unit.show(*x)).collect();
        let lengths: Vec<f64> = self.bars.iter().map(|(_, x)| rounded(*x)).collect();
        let (lo, hi) = lengths
            .iter()
            .fold((0.0f64, 0.0f64), |(lo, hi), x| (lo.min(*x), hi.max(*x)));
        let label_end = 20.0 + text::widest(&labels, LABEL).min(LONGEST);
        let value_room = text::widest(&values, 12.0) + 12.0;
        // The values of bars to the left of zero stand at their left ends.
        let left = label_end + 8.0 + if lo < 0.0 { value_room } else { 0.0 };
        let unit_length = (720.0 - value_room - left) / if hi > lo { hi - lo } else { 1.0 };
        let zero = left - lo * unit_length;
        let top = if self.title.is_empty() { 16.0 } else { 44.0 };
        let mut svg = Svg::new(&self.title);
        for (i, (length, value)) in lengths.iter().zip(&values).enumerate() {
            let y = top + i as f64 * ROW;
            self.draw_label(&mut svg, i, [label_end, y + 17.0]);
            self.draw_bar(&mut svg, i, [zero, y, length * unit_length], value);
        }
        let bottom = top + self.bars.len() as f64 * ROW;
        svg.line(&[[zero, top], [zero, bottom]], Pen::line(Paint::Edge, 1.0));
        Ok(svg.finish([740.0, bottom + 14.0], self.alt()))
    }
}

impl Bars {
    fn draw_label(&self, svg: &mut Svg, i: usize, at: [f64; 2]) {
        let style = Type::size(LABEL).end();
        let style = if self.highlight == Some(i) {
            style.bold()
        } else {
            style
        };
        svg.text(at, style, &text::fit(&self.bars[i].0, LABEL, LONGEST));
    }

    fn draw_bar(&self, svg: &mut Svg, i: usize, [zero, y, length]: [f64; 3], value: &str) {
        let lit = self.highlight == Some(i);
        let pen = Pen::fill(Paint::Series(usize::from(lit)));
        let (start, style) = (zero + length.min(0.0), Type::size(12.0));
        svg.rect([start, y + 3.0, length.abs().max(1.0), ROW - 7.0], 2.0, pen);
        match length < 0.0 {
            true => svg.text([start - 6.0, y + 17.0], style.end(), value),
            false => svg.text([zero + length + 6.0, y + 17.0], style, value),
        }
    }
}
