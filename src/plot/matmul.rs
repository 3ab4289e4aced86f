//! The shape card of one matrix multiplication: three rectangles drawn to scale.

use super::canvas::{Paint, Pen, Svg, Type};
use super::{Draw, Figure, Language, described, text};
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
        x: owned(x),
        w: owned(w),
        y: text::visible(y),
        transposed: true,
        title: String::new(),
        language: Language::current(),
    }
}

/// See [`matmul`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Matmul {
    x: (String, Vec<usize>),
    w: (String, Vec<usize>),
    y: String,
    transposed: bool,
    title: String,
    language: Language,
}

super::title_and_language!(Matmul);

impl Matmul {
    /// The second matrix is `[in, out]` and used as it is: attention weights times values.
    pub fn not_transposed(mut self) -> Self {
        self.transposed = false;
        self
    }

    /// T, in and out.
    fn sizes(&self) -> Result<[usize; 3]> {
        let fail = |(name, shape): &(String, Vec<usize>), expected: String| {
            let hint = "the inner sizes of a product must agree and no size may be 0";
            Err(Error::shape(
                format!("shape card, {name}"),
                expected,
                shape,
                hint,
            ))
        };
        let &[n_tokens, n_in] = self.x.1.as_slice() else {
            return fail(&self.x, "[T, in]".to_string());
        };
        let n_out = match (self.transposed, self.w.1.as_slice()) {
            (true, &[n_out, n]) | (false, &[n, n_out]) if n == n_in => n_out,
            (true, _) => return fail(&self.w, format!("[out, {n_in}]")),
            (false, _) => return fail(&self.w, format!("[{n_in}, out]")),
        };
        if n_tokens == 0 || n_in == 0 {
            return fail(&self.x, "[T, in]".to_string());
        }
        if n_out == 0 {
            return fail(&self.w, "a size of at least 1".to_string());
        }
        Ok([n_tokens, n_in, n_out])
    }
}

/// The sides of the drawing are at most this wide together, and this high.
const WIDE: f64 = 520.0;
const HIGH: f64 = 240.0;
/// A thinner side could not be seen.
const THIN: f64 = 10.0;

impl Draw for Matmul {
    fn draw(&self) -> Result<Figure> {
        let sizes @ [n_tokens, n_in, n_out] = self.sizes()?;
        let scale = (WIDE / (n_in as f64 + 2.0 * n_out as f64))
            .min(HIGH / n_tokens.max(n_in) as f64)
            .min(40.0);
        let [t, i, o] = sizes.map(|n| (n as f64 * scale).max(THIN));
        let w_name = format!("{}{}", self.w.0, if self.transposed { "ᵀ" } else { "" });
        let cards = [
            Card::new(&self.x.0, [n_tokens, n_in], [t, i]),
            Card::new(&w_name, [n_in, n_out], [i, o]),
            Card::new(&self.y, [n_tokens, n_out], [t, o]),
        ];
        let top = if self.title.is_empty() { 12.0 } else { 40.0 };
        let middle = top + 22.0 + t.max(i) / 2.0;
        let mut svg = Svg::new(&self.title);
        let mut x = 20.0;
        for (n, (card, sign)) in cards.iter().zip(["·", "=", ""]).enumerate() {
            card.draw(&mut svg, [x, middle], n);
            x += card.room() + 12.0;
            svg.text([x, middle + 7.0], Type::size(22.0).middle(), sign);
            x += 18.0;
        }
        let bottom = middle + t.max(i) / 2.0 + 40.0;
        let note = self.note(sizes, scale);
        svg.text([20.0, bottom + 14.0], Type::size(11.0).mute(), &note);
        let width = x.max(24.0 + text::width(&note, 11.0));
        let shapes: Vec<String> = cards.iter().map(|card| card.caption.clone()).collect();
        let words = format!("{} · {} = {}", shapes[0], shapes[1], shapes[2]);
        let words = format!("{}{words}", self.language.pick("Shapes: ", "形状："));
        let alt = described(&self.title, self.language, &[words]);
        Ok(svg.finish([width, bottom + 28.0], alt))
    }
}

impl Matmul {
    /// Which sides are not to scale.
    fn note(&self, sizes: [usize; 3], scale: f64) -> String {
        let thickened: Vec<String> = ["T", "in", "out"]
            .iter()
            .zip(sizes)
            .filter(|(_, n)| (*n as f64 * scale) < THIN)
            .map(|(name, n)| format!("{name} = {n}"))
            .collect();
        let sides = thickened.join(self.language.pick(", ", "、"));
        match (thickened.is_empty(), self.language) {
            (true, Language::En) => "Drawn to scale.".to_string(),
            (true, Language::Zh) => "按比例绘制。".to_string(),
            (_, Language::En) => {
                format!("Drawn to scale, except {sides}: drawn thicker, to be seen.")
            }
            (_, Language::Zh) => format!("按比例绘制，{sides} 除外：画粗了才看得见。"),
        }
    }
}

/// One matrix.
struct Card {
    caption: String,
    rows: usize,
    cols: usize,
    height: f64,
    width: f64,
}

impl Card {
    fn new(name: &str, [rows, cols]: [usize; 2], [height, width]: [f64; 2]) -> Card {
        let caption = format!("{} [{rows}, {cols}]", text::fit(name, 13.0, 110.0));
        Card {
            caption,
            rows,
            cols,
            height,
            width,
        }
    }

    /// How wide the rectangle, its row count and its caption are together.
    fn room(&self) -> f64 {
        let rows = text::width(&self.rows.to_string(), 11.0) + 6.0;
        (self.width + rows).max(text::width(&self.caption, 13.0) + 4.0)
    }

    /// Draws the card with its left end and the middle of its rectangle at a point.
    fn draw(&self, svg: &mut Svg, [x, middle]: [f64; 2], n: usize) {
        let rows = text::width(&self.rows.to_string(), 11.0) + 6.0;
        let centre = x + self.room() / 2.0;
        let left = centre - (self.width - rows) / 2.0;
        let (top, bottom) = (middle - self.height / 2.0, middle + self.height / 2.0);
        let size = Type::size(11.0).mute();
        let pen = Pen::fill(Paint::Series(n)).edge(Paint::Ink, 0.8);
        svg.rect([left, top, self.width, self.height], 1.5, pen);
        svg.text(
            [left + self.width / 2.0, top - 6.0],
            size.middle(),
            &self.cols.to_string(),
        );
        svg.text(
            [left - 5.0, middle + 4.0],
            size.end(),
            &self.rows.to_string(),
        );
        svg.text(
            [centre, bottom + 20.0],
            Type::size(13.0).middle(),
            &self.caption,
        );
    }
}
