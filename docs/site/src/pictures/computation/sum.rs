//! How many numbers each kind of matrix holds, and the list of them below the drawing.

use super::sheet::{Kind, LEFT, MARGIN, RIGHT, Sheet, in_bf16, shown};
use llama3::Config;
use llama3::plot::canvas::{Paint, Pen, Type};
use llama3::plot::numbers::short;

/// The parameters of each kind, all blocks together.
fn sum_by_kind(config: &Config) -> Vec<(Kind, usize)> {
    use Kind::*;
    let tensors = config.tensors();
    let sum = |wanted| {
        let mine = tensors.iter().filter(|(name, _)| kind(name) == wanted);
        mine.map(|(_, shape)| shape.iter().product::<usize>()).sum()
    };
    let kinds = [Embedding, Attention, FeedForward, Norm, Output];
    let sums = kinds.map(|kind| (kind, sum(kind))).into_iter();
    sums.filter(|(_, n)| *n > 0).collect()
}

/// What a tensor is for, by Meta's name.
fn kind(name: &str) -> Kind {
    match name {
        _ if name.contains("norm") => Kind::Norm,
        _ if name.contains(".attention.") => Kind::Attention,
        _ if name.contains(".feed_forward.") => Kind::FeedForward,
        _ if name.starts_with("output") => Kind::Output,
        _ => Kind::Embedding,
    }
}

/// How far apart the lines of the list are.
const LINE: f64 = 20.0;

impl Sheet<'_> {
    /// The strip of all parameters, cut in proportion, and the list.
    pub fn totals(&mut self) {
        let (sums, whole) = (sum_by_kind(self.config), self.config.n_params());
        self.y += 30.0;
        let mut x = MARGIN;
        for (kind, n) in &sums {
            let width = *n as f64 / whole as f64 * (RIGHT - MARGIN);
            let edge = if width > 3.0 { 1.0 } else { 0.0 };
            let pen = Pen::fill(kind.paint()).edge(Paint::Panel, edge);
            self.svg.rect([x, self.y, width, 22.0], 0.0, pen);
            x += width;
        }
        self.y += 22.0;
        for (kind, n) in sums {
            self.y += LINE;
            let swatch = [MARGIN, self.y - 10.0, 11.0, 11.0];
            self.svg.rect(swatch, 2.0, Pen::fill(kind.paint()));
            self.total(&self.name_of(kind), n, whole);
        }
        self.y += 7.0;
        let ends = [[MARGIN, self.y], [RIGHT, self.y]];
        self.svg.line(&ends, Pen::line(Paint::Edge, 1.0));
        self.y += LINE - 3.0;
        self.total(self.pick("together", "合计"), whole, whole);
    }

    /// One line: what, parameters, bytes, share.
    fn total(&mut self, label: &str, n: usize, whole: usize) {
        let (style, y) = (Type::size(12.0), self.y);
        self.svg.text([MARGIN + 18.0, y], style, label);
        let share = format!("{} %", short(n as f64 / whole as f64 * 100.0));
        let cells = [(LEFT + 216.0, shown(n)), (LEFT + 298.0, in_bf16(n)), (RIGHT, share)];
        for (x, cell) in cells {
            self.svg.text([x, y], style.end(), &cell);
        }
    }

    fn name_of(&self, kind: Kind) -> String {
        let n = self.config.n_layers;
        match kind {
            Kind::Embedding if self.config.tied_output => "tok_embeddings = output".into(),
            Kind::Embedding => "tok_embeddings".into(),
            Kind::Attention => format!("{} × {n}", self.pick("attention", "注意力")),
            Kind::FeedForward => format!("{} × {n}", self.pick("feed-forward", "前馈网络")),
            Kind::Norm => format!("{} × {}", self.pick("norms", "归一化"), 2 * n + 1),
            Kind::Output => "output".into(),
        }
    }
}
