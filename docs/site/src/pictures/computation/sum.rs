//! How many numbers each kind of matrix holds, and the list of them below the drawing.

use super::sheet::{Kind, LEFT, MARGIN, Page, RIGHT};
use llama3::Config;
use llama3::plot::canvas::{Paint, Pen, Type};
use llama3::plot::numbers::{Unit, short};

/// The parameters of each kind, all blocks together.
pub(super) fn sum_by_kind(config: &Config) -> Vec<(Kind, usize)> {
    let kinds = [
        Kind::Embedding,
        Kind::Attention,
        Kind::FeedForward,
        Kind::Norm,
        Kind::Output,
    ];
    let tensors: Vec<(Kind, usize)> = config
        .tensors()
        .iter()
        .map(|(name, shape)| (kind(name), shape.iter().product()))
        .collect();
    let sum = |kind| {
        let mine = tensors.iter().filter(|(other, _)| *other == kind);
        mine.map(|(_, n)| n).sum::<usize>()
    };
    let sums = kinds.map(|kind| (kind, sum(kind)));
    sums.into_iter().filter(|(_, n)| *n > 0).collect()
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

impl Page<'_> {
    /// The strip of all parameters, cut in proportion, and the list.
    pub fn totals(&mut self, sums: &[(Kind, usize)]) {
        let whole: usize = sums.iter().map(|(_, n)| n).sum();
        self.y += 30.0;
        let mut x = MARGIN;
        for (kind, n) in sums {
            let width = *n as f64 / whole as f64 * (RIGHT - MARGIN);
            let pen =
                Pen::fill(kind.paint()).edge(Paint::Panel, if width > 3.0 { 1.0 } else { 0.0 });
            self.svg.rect([x, self.y, width, 22.0], 0.0, pen);
            x += width;
        }
        self.y += 22.0;
        for (kind, n) in sums {
            self.y += LINE;
            let swatch = [MARGIN, self.y - 10.0, 11.0, 11.0];
            self.svg.rect(swatch, 2.0, Pen::fill(kind.paint()));
            self.total(&self.name_of(*kind), *n, whole);
        }
        self.y += 7.0;
        self.svg.line(
            &[[MARGIN, self.y], [RIGHT, self.y]],
            Pen::line(Paint::Edge, 1.0),
        );
        self.y += LINE - 3.0;
        self.total(self.pick("together", "合计"), whole, whole);
    }

    /// One line: what, parameters, bytes, share.
    fn total(&mut self, label: &str, n: usize, whole: usize) {
        let (style, y) = (Type::size(12.0), self.y);
        let share = format!("{} %", short(n as f64 / whole as f64 * 100.0));
        self.svg.text([MARGIN + 18.0, y], style, label);
        self.svg
            .text([LEFT + 216.0, y], style.end(), &short(n as f64));
        let bytes = Unit::Bytes.show(2.0 * n as f64);
        self.svg.text([LEFT + 298.0, y], style.end(), &bytes);
        self.svg.text([RIGHT, y], style.end(), &share);
    }

    fn name_of(&self, kind: Kind) -> String {
        let n = self.config.n_layers;
        let words = match kind {
            Kind::Embedding if self.config.tied_output => {
                self.pick("tok_embeddings = output", "tok_embeddings = output")
            }
            Kind::Embedding => "tok_embeddings",
            Kind::Attention => self.pick("attention", "注意力"),
            Kind::FeedForward => self.pick("feed-forward", "前馈网络"),
            Kind::Output => "output",
            Kind::Norm => self.pick("norms", "归一化"),
        };
        match kind {
            Kind::Attention | Kind::FeedForward => format!("{words} × {n}"),
            Kind::Norm => format!("{words} × {}", 2 * n + 1),
            _ => words.to_string(),
        }
    }
}
