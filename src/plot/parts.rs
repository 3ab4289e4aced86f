//! One strip cut in proportion: where the parameters of a model are.

use super::canvas::{Paint, Pen, Svg, Type};
use super::numbers::{Number, Unit, is_drawable, short};
use super::{Draw, Figure, Frame, ensure, labelled, text};
use crate::error::Result;

/// A whole cut into (label, value), with a list of the parts below.
///
/// ```
/// # use llama3::plot::*;
/// let figure = parts(&[("embedding", 525_336_576), ("blocks", 6_979_588_096u64)]).draw()?;
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn parts<S: AsRef<str>, N: Number>(parts: &[(S, N)]) -> Parts {
    let frame = Frame::default();
    let parts = labelled(parts);
    Parts { frame, parts }
}

/// See [`parts`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Parts {
    frame: Frame,
    parts: Vec<(String, f64)>,
}

/// Where the strip begins, how wide it is, and how high a line of the list.
const LEFT: f64 = 20.0;
const WIDTH: f64 = 700.0;
const ROW: f64 = 22.0;

impl Parts {
    /// The sum of all parts.
    fn whole(&self) -> Result<f64> {
        let n = self.parts.len();
        ensure((1..=40).contains(&n), || format!("parts: {n} parts; it takes 1 to 40"))?;
        for (label, x) in &self.parts {
            ensure(is_drawable(*x) && *x >= 0.0, || {
                format!("parts: ‘{label}’ is {x}; a part is a number from 0 to 1e100")
            })?;
        }
        let whole = self.parts.iter().map(|(_, x)| x).sum::<f64>();
        ensure(whole > 0.0, || format!("parts: together they are {whole}, nothing to cut"))?;
        Ok(whole)
    }

    fn alt(&self, whole: f64) -> String {
        let (n, sum) = (self.parts.len(), short(whole));
        let mut words =
            vec![self.frame.pick(format!("{n} parts of {sum}"), format!("{sum}，分成 {n} 份"))];
        for (label, x) in &self.parts {
            words.push(format!("{label} {}", Unit::Percent.show(x / whole)));
        }
        self.frame.described(&words)
    }

    fn draw_strip(&self, svg: &mut Svg, top: f64, whole: f64) {
        let mut x = LEFT;
        for (i, (label, value)) in self.parts.iter().enumerate() {
            let width = value / whole * WIDTH;
            // The parts repeat their colours after six: a line of the panel's colour divides them.
            let cut = if width > 3.0 { 1.0 } else { 0.0 };
            let pen = Pen::fill(Paint::Series(i)).edge(Paint::Panel, cut);
            svg.rect([x, top, width, 46.0], 0.0, pen);
            if text::width(label, 12.0) + 8.0 < width {
                let style = Type::size(12.0).middle().paint(Paint::Panel);
                svg.text([x + width / 2.0, top + 28.0], style.bold(), label);
            }
            x += width;
        }
    }

    /// One line of the list: label, value, share.
    fn draw_row(&self, svg: &mut Svg, y: f64, (label, value): (&str, f64), whole: f64) {
        let (y, style) = (y + 10.0, Type::size(12.0));
        let share = format!("{} %", short(value / whole * 100.0));
        svg.text([LEFT + 20.0, y], style, &text::fit(label, 12.0, 300.0));
        svg.text([500.0, y], style.end(), &short(value));
        svg.text([580.0, y], style.end(), &share);
    }
}

impl Draw for Parts {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        let whole = self.whole()?;
        let top = self.frame.top(20.0);
        let mut svg = self.frame.svg();
        self.draw_strip(&mut svg, top, whole);
        let mut y = top + 66.0;
        for (i, (label, value)) in self.parts.iter().enumerate() {
            svg.rect([LEFT, y, 12.0, 12.0], 2.0, Pen::fill(Paint::Series(i)));
            self.draw_row(&mut svg, y, (label, *value), whole);
            y += ROW;
        }
        svg.line(&[[LEFT, y], [580.0, y]], Pen::line(Paint::Edge, 1.0));
        let together = self.frame.pick("together", "合计");
        self.draw_row(&mut svg, y + 6.0, (together, whole), whole);
        Ok(svg.finish([740.0, y + ROW + 14.0], self.alt(whole)))
    }
}
