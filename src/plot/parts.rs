//! One strip cut in proportion: where the parameters of a model are.

use super::canvas::{Paint, Pen, Svg, Type};
use super::numbers::{Number, Unit, is_drawable, short};
use super::{Draw, Figure, Language, described, text};
use crate::error::{Error, Result};

/// A whole cut into (label, value), with a list of the parts below.
///
/// ```
/// # use llama3::plot::*;
/// let figure = parts(&[("embedding", 525_336_576), ("blocks", 6_979_588_096u64)]).draw()?;
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn parts<S: AsRef<str>, N: Number>(parts: &[(S, N)]) -> Parts {
    let owned = |(label, value): &(S, N)| (text::visible(label.as_ref()), value.to_f64());
    Parts {
        parts: parts.iter().map(owned).collect(),
        unit: Unit::Plain,
        title: String::new(),
        language: Language::current(),
    }
}

/// See [`parts`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Parts {
    parts: Vec<(String, f64)>,
    unit: Unit,
    title: String,
    language: Language,
}

super::title_and_language!(Parts);

impl Parts {
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

    /// The sum of all parts.
    fn whole(&self) -> Result<f64> {
        let n = self.parts.len();
        if n == 0 || n > 40 {
            return Err(Error::Argument(format!(
                "parts: {n} parts; it takes 1 to 40"
            )));
        }
        if let Some((label, x)) = self
            .parts
            .iter()
            .find(|(_, x)| !is_drawable(*x) || *x < 0.0)
        {
            let problem = format!("parts: ‘{label}’ is {x}");
            return Err(Error::Argument(format!(
                "{problem}; a part is a number from 0 to 1e100"
            )));
        }
        match self.parts.iter().map(|(_, x)| x).sum::<f64>() {
            whole if whole > 0.0 && whole.is_finite() => Ok(whole),
            whole => Err(Error::Argument(format!(
                "parts: together they are {whole}, nothing to cut"
            ))),
        }
    }

    fn alt(&self, whole: f64) -> String {
        let sum = self.unit.show(whole);
        let (n, percent) = (self.parts.len(), |x: f64| Unit::Percent.show(x / whole));
        let mut words = vec![
            self.language
                .pick(format!("{n} parts of {sum}"), format!("{sum}，分成 {n} 份")),
        ];
        words.extend(
            self.parts
                .iter()
                .map(|(label, x)| format!("{label} {}", percent(*x))),
        );
        described(&self.title, self.language, &words)
    }
}

/// The strip.
const LEFT: f64 = 20.0;
const WIDTH: f64 = 700.0;
const ROW: f64 = 22.0;

impl Draw for Parts {
    fn draw(&self) -> Result<Figure> {
        let whole = self.whole()?;
        let top = if self.title.is_empty() { 20.0 } else { 46.0 };
        let mut svg = Svg::new(&self.title);
        let mut x = LEFT;
        for (i, (label, value)) in self.parts.iter().enumerate() {
            let width = value / whole * WIDTH;
            // The parts repeat their colours after six: a line of the panel's colour divides them.
            let pen =
                Pen::fill(Paint::Series(i)).edge(Paint::Panel, if width > 3.0 { 1.0 } else { 0.0 });
            svg.rect([x, top, width, 46.0], 0.0, pen);
            if text::width(label, 12.0) + 8.0 < width {
                let style = Type::size(12.0).middle().paint(Paint::Panel);
                svg.text([x + width / 2.0, top + 28.0], style.bold(), label);
            }
            x += width;
        }
        let mut y = top + 66.0;
        for (i, (label, value)) in self.parts.iter().enumerate() {
            let swatch = Pen::fill(Paint::Series(i));
            svg.rect([LEFT, y, 12.0, 12.0], 2.0, swatch);
            self.row(&mut svg, y, label, *value, whole);
            y += ROW;
        }
        svg.line(&[[LEFT, y], [580.0, y]], Pen::line(Paint::Edge, 1.0));
        self.row(
            &mut svg,
            y + 6.0,
            self.language.pick("together", "合计"),
            whole,
            whole,
        );
        Ok(svg.finish([740.0, y + ROW + 14.0], self.alt(whole)))
    }
}

impl Parts {
    /// One line of the list: label, value, share.
    fn row(&self, svg: &mut Svg, y: f64, label: &str, value: f64, whole: f64) {
        let style = Type::size(12.0);
        svg.text(
            [LEFT + 20.0, y + 10.0],
            style,
            &text::fit(label, 12.0, 300.0),
        );
        svg.text([500.0, y + 10.0], style.end(), &self.unit.show(value));
        svg.text(
            [580.0, y + 10.0],
            style.end(),
            &format!("{} %", short(value / whole * 100.0)),
        );
    }
}
