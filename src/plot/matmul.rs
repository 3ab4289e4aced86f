//! The shape card of one matrix multiplication: three rectangles drawn to scale.

use super::canvas::{Paint, Pen, Svg, Type};
use super::{Draw, Figure, Frame, text};
use crate::error::{Error, Result};

/// The shapes of `y = x · Wᵀ`, drawn to scale: x `[T, in]`, W as it is stored `[out, in]`.
///
/// ```
/// # use llama3::plot::*;
/// let figure = matmul(("x", &[17, 4096]), ("wk", &[1024, 4096]), "k").draw()?;
/// assert_eq!(figure.alt(), "Shapes: x [17, 4096] · wkᵀ [4096, 1024] = k [17, 1024]");
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn matmul(x: (&str, &[usize]), w: (&str, &[usize]), y: &str) -> Matmul {
    let owned = |(name, shape): (&str, &[usize])| (text::visible(name), shape.to_vec());
    Matmul {
        frame: Frame::default(),
        x: owned(x),
        w: owned(w),
        y: text::visible(y),
        transposed: true,
    }
}

/// See [`matmul`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Matmul {
    frame: Frame,
    x: (String, Vec<usize>),
    w: (String, Vec<usize>),
    y: String,
    transposed: bool,
}

impl Matmul {
    /// The second matrix is `[in, out]` and used as it is: attention weights times values.
    pub fn not_transposed(mut self) -> Self {
        self.transposed = false;
        self
    }

    /// T, in and out.
    fn sizes(&self) -> Result<[usize; 3]> {
        let wrong = |(name, shape): &(String, Vec<usize>), expected: &str| {
            let hint = "the inner sizes of a product must agree and no size may be 0";
            Error::shape(format!("shape card, {name}"), expected, shape, hint)
        };
        let &[n_tokens @ (1..), n_in @ (1..)] = self.x.1.as_slice() else {
            return Err(wrong(&self.x, "[T, in]"));
        };
        match (self.transposed, self.w.1.as_slice()) {
            (true, &[n_out @ (1..), n]) | (false, &[n, n_out @ (1..)]) if n == n_in => {
                Ok([n_tokens, n_in, n_out])
            }
            (true, _) => Err(wrong(&self.w, &format!("[out, {n_in}]"))),
            (false, _) => Err(wrong(&self.w, &format!("[{n_in}, out]"))),
        }
    }

    /// Which sides are not to scale.
    fn note(&self, sizes: [usize; 3], scale: f64) -> String {
        let sides = ["T", "in", "out"].into_iter().zip(sizes);
        let thickened = sides.filter(|(_, n)| (*n as f64 * scale) < THIN);
        let thickened: Vec<String> = thickened.map(|(side, n)| format!("{side} = {n}")).collect();
        if thickened.is_empty() {
            return self.frame.pick("Drawn to scale.", "按比例绘制。").to_string();
        }
        let sides = thickened.join(self.frame.pick(", ", "、"));
        self.frame.pick(
            format!("Drawn to scale, except {sides}: drawn thicker, to be seen."),
            format!("按比例绘制，{sides} 除外：画粗了才看得见。"),
        )
    }
}

/// The sides of the drawing are at most this wide together, and this high.
const WIDE: f64 = 520.0;
const HIGH: f64 = 240.0;
/// A thinner side could not be seen.
const THIN: f64 = 10.0;

impl Draw for Matmul {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        let sizes @ [n_tokens, n_in, n_out] = self.sizes()?;
        let across = WIDE / (n_in as f64 + 2.0 * n_out as f64);
        let scale = across.min(HIGH / n_tokens.max(n_in) as f64).min(40.0);
        let w = format!("{}{}", self.w.0, if self.transposed { "ᵀ" } else { "" });
        let cards = [
            Card::new(&self.x.0, [n_tokens, n_in], scale),
            Card::new(&w, [n_in, n_out], scale),
            Card::new(&self.y, [n_tokens, n_out], scale),
        ];
        let half = cards[0].height.max(cards[1].height) / 2.0;
        let middle = self.frame.top(34.0) + half;
        let mut svg = self.frame.svg();
        let mut x = 20.0;
        for (n, (card, sign)) in cards.iter().zip(["·", "=", ""]).enumerate() {
            card.draw(&mut svg, [x, middle], Paint::Series(n));
            x += card.room() + 12.0;
            svg.text([x, middle + 7.0], Type::size(22.0).middle(), sign);
            x += 18.0;
        }
        let note = self.note(sizes, scale);
        let bottom = middle + half + 54.0;
        svg.text([20.0, bottom], Type::size(11.0).mute(), &note);
        let width = x.max(24.0 + text::width(&note, 11.0));
        let [x, w, y] = cards.map(|card| card.caption);
        let shapes = self.frame.pick("Shapes: ", "形状：");
        let alt = self.frame.described(&[format!("{shapes}{x} · {w} = {y}")]);
        Ok(svg.finish([width, bottom + 14.0], alt))
    }
}

/// One matrix.
struct Card {
    caption: String,
    n_rows: String,
    n_cols: String,
    height: f64,
    width: f64,
}

impl Card {
    fn new(name: &str, [rows, cols]: [usize; 2], scale: f64) -> Card {
        let side = |n: usize| (n as f64 * scale).max(THIN);
        Card {
            caption: format!("{} [{rows}, {cols}]", text::fit(name, 13.0, 110.0)),
            n_rows: rows.to_string(),
            n_cols: cols.to_string(),
            height: side(rows),
            width: side(cols),
        }
    }

    /// How wide the row count at the left is.
    fn margin(&self) -> f64 {
        text::width(&self.n_rows, 11.0) + 6.0
    }

    /// How wide the rectangle, its row count and its caption are together.
    fn room(&self) -> f64 {
        let caption = text::width(&self.caption, 13.0) + 4.0;
        caption.max(self.width + self.margin())
    }

    /// Draws the card with its left end and the middle of its rectangle at a point.
    fn draw(&self, svg: &mut Svg, [x, middle]: [f64; 2], paint: Paint) {
        let Card { width, height, .. } = *self;
        let centre = x + self.room() / 2.0;
        let left = centre - (width - self.margin()) / 2.0;
        let top = middle - height / 2.0;
        let (size, caption) = (Type::size(11.0).mute(), Type::size(13.0).middle());
        let pen = Pen::fill(paint).edge(Paint::Ink, 0.8);
        svg.rect([left, top, width, height], 1.5, pen);
        svg.text([left + width / 2.0, top - 6.0], size.middle(), &self.n_cols);
        svg.text([left - 5.0, middle + 4.0], size.end(), &self.n_rows);
        svg.text([centre, top + height + 20.0], caption, &self.caption);
    }
}
