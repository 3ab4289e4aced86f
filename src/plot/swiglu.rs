//! The feed-forward network as a diagram: gate, up, product, down.

use super::canvas::{Paint, Pen, Svg, Type};
use super::{Draw, Figure, Language, described, text};
use crate::error::{Error, Result};

/// The SwiGLU feed-forward network with its shapes: `w2(SiLU(w1 x) ⊙ (w3 x))`.
///
/// ```
/// # use llama3::plot::*;
/// let figure = swiglu(4096, 14336).draw()?;
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn swiglu(dim: usize, hidden_dim: usize) -> Swiglu {
    Swiglu {
        dim,
        hidden_dim,
        title: String::new(),
        language: Language::current(),
    }
}

/// See [`swiglu`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Swiglu {
    dim: usize,
    hidden_dim: usize,
    title: String,
    language: Language,
}

super::title_and_language!(Swiglu);

impl Draw for Swiglu {
    fn draw(&self) -> Result<Figure> {
        let (dim, hidden) = (self.dim, self.hidden_dim);
        if dim == 0 || hidden == 0 {
            let problem = format!("swiglu diagram: dim = {dim}, hidden_dim = {hidden}");
            return Err(Error::Argument(format!("{problem}; both are at least 1")));
        }
        let mut svg = Svg::new(&self.title);
        let top = if self.title.is_empty() { 0.0 } else { 26.0 };
        let rows @ [_, _, up] = [54.0, 104.0, 154.0].map(|y| y + top);
        self.draw_nodes(&mut svg, rows);
        wires(&mut svg, rows);
        self.draw_notes(&mut svg, rows);
        Ok(svg.finish([748.0, up + 46.0], self.alt()))
    }
}

impl Swiglu {
    fn draw_nodes(&self, svg: &mut Svg, [gate, middle, up]: [f64; 3]) {
        let (dim, hidden) = (self.dim, self.hidden_dim);
        let pick = |en, zh| self.language.pick(en, zh);
        let (x, w, w2) = (
            format!("[T, {dim}]"),
            format!("[{hidden}, {dim}]"),
            format!("[{dim}, {hidden}]"),
        );
        node(svg, [56.0, middle, 72.0], Paint::Box, ["x", &x]);
        node(
            svg,
            [202.0, gate, 104.0],
            Paint::Lit,
            [pick("w1 (gate)", "w1（门控）"), &w],
        );
        node(
            svg,
            [202.0, up, 104.0],
            Paint::Lit,
            [pick("w3 (up)", "w3（升维）"), &w],
        );
        node(svg, [372.0, gate, 84.0], Paint::Box, ["SiLU", ""]);
        silu_curve(svg, [392.0, gate]);
        svg.circle(
            [464.0, middle, 13.0],
            Pen::fill(Paint::Box).edge(Paint::Ink, 1.2),
        );
        svg.text([464.0, middle + 5.5], Type::size(16.0).middle(), "×");
        node(
            svg,
            [580.0, middle, 104.0],
            Paint::Lit,
            [pick("w2 (down)", "w2（降维）"), &w2],
        );
        node(
            svg,
            [692.0, middle, 72.0],
            Paint::Box,
            [pick("output", "输出"), &x],
        );
    }

    /// The shapes on the wires.
    fn draw_notes(&self, svg: &mut Svg, [gate, middle, up]: [f64; 3]) {
        let (note, wide) = (
            Type::size(11.0).middle().mute(),
            format!("[T, {}]", self.hidden_dim),
        );
        for at in [
            [292.0, gate - 8.0],
            [292.0, up - 8.0],
            [500.0, middle - 22.0],
        ] {
            svg.text(at, note, &wide);
        }
        let words = self.language.pick("number by number", "逐元素相乘");
        svg.text([444.0, middle + 4.0], note.end(), words);
    }

    fn alt(&self) -> String {
        let (dim, hidden) = (self.dim, self.hidden_dim);
        let words = match self.language {
            Language::En => format!(
                "SwiGLU: x [T, {dim}] goes through w1 (gate) and SiLU, and through w3 (up), both \
                 [T, {hidden}]; their product, number by number, goes through w2 (down) to [T, {dim}]"
            ),
            Language::Zh => format!(
                "SwiGLU：x [T, {dim}] 一路经过 w1（门控）和 SiLU，一路经过 w3（升维），都得到 \
                 [T, {hidden}]；两者逐元素相乘，再经过 w2（降维）回到 [T, {dim}]"
            ),
        };
        described(&self.title, self.language, &[words])
    }
}

/// A box around `x, y`, `w` wide, with a name and a shape.
fn node(svg: &mut Svg, [x, y, w]: [f64; 3], paint: Paint, [name, shape]: [&str; 2]) {
    let pen = Pen::fill(paint).edge(Paint::Edge, 1.0);
    svg.rect([x - w / 2.0, y - 21.0, w, 42.0], 7.0, pen);
    if shape.is_empty() {
        svg.text([x - w / 2.0 + 8.0, y + 4.0], Type::size(12.0).bold(), name);
        return;
    }
    let size = (11.0 * (w - 6.0) / text::width(shape, 11.0)).min(11.0);
    svg.text([x, y - 3.0], Type::size(12.0).bold().middle(), name);
    svg.text([x, y + 13.0], Type::size(size).middle(), shape);
}

/// The curve of SiLU(x) = x / (1 + e⁻ˣ) between −4 and 2, with both axes.
fn silu_curve(svg: &mut Svg, [x, y]: [f64; 2]) {
    let at = |t: f64| [x + 6.0 + 4.5 * t, y + 8.0 - 9.0 * t / (1.0 + (-t).exp())];
    let curve: Vec<[f64; 2]> = (-16..=8).map(|i| at(i as f64 / 4.0)).collect();
    let axis = Pen::line(Paint::Mute, 0.6);
    svg.line(&[[x - 13.0, y + 8.0], [x + 17.0, y + 8.0]], axis);
    svg.line(&[[x + 6.0, y - 12.0], [x + 6.0, y + 14.0]], axis);
    svg.line(&curve, Pen::line(Paint::Series(1), 1.8));
}

/// The arrows between the boxes.
fn wires(svg: &mut Svg, [gate, middle, up]: [f64; 3]) {
    let wires: [&[[f64; 2]]; 6] = [
        &[
            [92.0, middle],
            [120.0, middle],
            [120.0, gate],
            [148.0, gate],
        ],
        &[[92.0, middle], [120.0, middle], [120.0, up], [148.0, up]],
        &[[254.0, gate], [329.0, gate]],
        &[[414.0, gate], [464.0, gate], [464.0, middle - 14.0]],
        &[[254.0, up], [464.0, up], [464.0, middle + 14.0]],
        &[[478.0, middle], [527.0, middle]],
    ];
    for wire in wires {
        svg.arrow(wire, Pen::line(Paint::Ink, 1.3));
    }
    svg.arrow(
        &[[632.0, middle], [655.0, middle]],
        Pen::line(Paint::Ink, 1.3),
    );
}
