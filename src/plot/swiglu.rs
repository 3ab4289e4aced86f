//! The feed-forward network as a diagram: gate, up, product, down.

use super::canvas::{Paint, Pen, Type};
use super::drawing::elements;
use super::{Draw, Figure, Frame, ensure};
use crate::error::Result;

/// What stands where; the sizes go in the place of `dim` and `hidden_dim`.
const DRAWING: &str = include_str!("swiglu.svg");

/// The SwiGLU feed-forward network with its shapes: `w2(SiLU(w1 x) ⊙ (w3 x))`.
///
/// ```
/// # use llama3::plot::*;
/// let figure = swiglu(4096, 14336).draw()?;
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn swiglu(dim: usize, hidden_dim: usize) -> Swiglu {
    let frame = Frame::default();
    Swiglu { frame, dim, hidden_dim }
}

/// See [`swiglu`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Swiglu {
    frame: Frame,
    dim: usize,
    hidden_dim: usize,
}

impl Swiglu {
    fn alt(&self) -> String {
        let (dim, hidden) = (self.dim, self.hidden_dim);
        self.frame.described(&[self.frame.pick(
            format!(
                "SwiGLU: x [T, {dim}] goes through w1 (gate) and SiLU, and through w3 (up), both \
                 [T, {hidden}]; their product, number by number, goes through w2 (down) to [T, {dim}]"
            ),
            format!(
                "SwiGLU：x [T, {dim}] 一路经过 w1（门控）和 SiLU，一路经过 w3（升维），都得到 \
                 [T, {hidden}]；两者逐元素相乘，再经过 w2（降维）回到 [T, {dim}]"
            ),
        )])
    }
}

fn pen(class: &str) -> Pen {
    match class {
        "box" => Pen::fill(Paint::Box).edge(Paint::Edge, 1.0),
        "matrix" => Pen::fill(Paint::Lit).edge(Paint::Edge, 1.0),
        "times" => Pen::fill(Paint::Box).edge(Paint::Ink, 1.2),
        "axis" => Pen::line(Paint::Mute, 0.6),
        "curve" => Pen::line(Paint::Series(1), 1.8),
        _ => Pen::line(Paint::Ink, 1.3),
    }
}

fn style(class: &str) -> Type {
    match class {
        "function" => Type::size(12.0).bold(),
        "name" => Type::size(12.0).bold().middle(),
        "shape" => Type::size(11.0).middle(),
        "times" => Type::size(16.0).middle(),
        "remark" => Type::size(11.0).end().mute(),
        _ => Type::size(11.0).middle().mute(),
    }
}

impl Draw for Swiglu {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        let (dim, hidden_dim) = (self.dim, self.hidden_dim);
        ensure(dim > 0 && hidden_dim > 0, || {
            let sizes = format!("dim = {dim}, hidden_dim = {hidden_dim}");
            format!("swiglu diagram: {sizes}; both are at least 1")
        })?;
        let mut svg = self.frame.svg();
        let top = self.frame.top(0.0);
        svg.moved(top, |svg| {
            for element in elements(DRAWING, self.frame.language) {
                let words = element.words();
                let words = words.replace("hidden_dim", &hidden_dim.to_string());
                let words = words.replace("dim", &dim.to_string());
                let class = element.get("class");
                element.draw(svg, pen(class), style(class), &words);
            }
        });
        Ok(svg.finish([748.0, top + 200.0], self.alt()))
    }
}
