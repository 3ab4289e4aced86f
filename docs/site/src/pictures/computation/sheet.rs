//! What the drawing of the whole computation is made of: boxes, matrices to scale, the spine.

use super::shape;
use llama3::plot::canvas::{Paint, Pen, Svg, Type};
use llama3::plot::numbers::{Unit, short};
use llama3::plot::text;
use llama3::{Config, Language};

/// Where the residual stream runs, and between which columns everything else stands.
pub(super) const SPINE: f64 = 36.0;
pub(super) const LEFT: f64 = 76.0;
pub(super) const RIGHT: f64 = 460.0;
/// Where the title and everything that spans the page begin.
pub(super) const MARGIN: f64 = 20.0;
/// Where a column's arrows run: through the middle of its matrix.
pub(super) const STEM: f64 = 18.0;
/// Between a row and the next, with room for an arrow.
pub(super) const GAP: f64 = 20.0;

/// What a matrix is for; each kind has its colour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Embedding,
    Attention,
    FeedForward,
    Norm,
    Output,
}

impl Kind {
    pub fn paint(self) -> Paint {
        Paint::Series(match self {
            Kind::Embedding => 0,
            Kind::Attention => 1,
            Kind::FeedForward => 2,
            Kind::Norm => 3,
            Kind::Output => 5,
        })
    }
}

/// The drawing, filled from top to bottom.
pub(super) struct Page<'a> {
    pub svg: Svg,
    pub config: &'a Config,
    /// The lower edge of what is drawn.
    pub y: f64,
    language: Language,
    /// The tables are taller than any page: they are cut into so many pieces, side by side.
    pieces: usize,
    /// How wide `dim` numbers are.
    unit: f64,
    spine: f64,
    frame: f64,
}

/// Between two pieces of a table.
const CUT: f64 = 3.0;

impl<'a> Page<'a> {
    pub fn new(title: &str, config: &'a Config, language: Language) -> Self {
        let tall = config.vocab_size as f64 / config.dim as f64;
        let unit = |n: usize| (RIGHT - LEFT - CUT * (n - 1) as f64) / n as f64;
        let pieces = (10..60).find(|n| unit(*n) * tall / *n as f64 <= 130.0);
        let pieces = pieces.unwrap_or(60);
        Page {
            svg: Svg::new(title),
            config,
            y: if title.is_empty() { 8.0 } else { 34.0 },
            language,
            pieces,
            unit: unit(pieces),
            spine: 0.0,
            frame: 0.0,
        }
    }

    pub fn pick<T>(&self, en: T, zh: T) -> T {
        self.language.pick(en, zh)
    }

    /// What the letters and the areas mean.
    pub fn heading(&mut self) {
        let lines = self.pick(
            [
                "T new tokens; S tokens seen so far, these among them.",
                "Matrices are [out, in], all areas to one scale; bytes in bf16.",
            ],
            [
                "T 是新词元的个数，S 是到目前为止的词元总数。",
                "矩阵写作 [输出, 输入]，面积都用同一比例；字节数按 bf16 计。",
            ],
        );
        for line in lines {
            self.y += 16.0;
            self.svg
                .text([MARGIN, self.y], Type::size(11.0).mute(), line);
        }
        self.y += 16.0;
    }

    /// How long a side of `n` numbers is: to scale, but neither invisible nor off the page.
    fn side(&self, n: usize) -> f64 {
        (n as f64 * self.unit / self.config.dim as f64).clamp(1.5, 190.0)
    }

    /// A step without weights: a box with its name at the left and its shape at the right.
    pub fn step(&mut self, [left, right]: [f64; 2], name: &str, shape: &str) {
        self.plain([left, self.y, right - left, 28.0]);
        let y = self.y + 18.0;
        self.svg.text([left + 10.0, y], Type::size(12.0), name);
        let style = Type::size(11.5).end().mute();
        self.svg.text([right - 10.0, y], style, shape);
        self.y += 28.0;
    }

    /// The same in two lines, for a narrow column; the page goes on beside it.
    pub fn small_step(&mut self, [left, right]: [f64; 2], name: &str, shape: &str) -> f64 {
        self.plain([left, self.y, right - left, 40.0]);
        let x = (left + right) / 2.0;
        let (first, second) = ([x, self.y + 17.0], [x, self.y + 32.0]);
        self.svg.text(first, Type::size(12.0).middle(), name);
        self.svg
            .text(second, Type::size(11.5).middle().mute(), shape);
        self.y + 40.0
    }

    fn plain(&mut self, place: [f64; 4]) {
        self.svg
            .rect(place, 7.0, Pen::fill(Paint::Box).edge(Paint::Edge, 1.0));
    }

    /// A matrix to scale, with its words to the right; returns the lower edges of both.
    pub fn matrix(&mut self, x: f64, name: &str, kind: Kind) -> [f64; 2] {
        let sizes = shape(self.config, name);
        let &[out_dim, in_dim] = sizes.as_slice() else {
            return [self.y; 2];
        };
        let (w, h) = (self.side(in_dim), self.side(out_dim));
        let x = x + (STEM - self.unit / 2.0).max(0.0);
        self.svg
            .rect([x, self.y, w, h], 1.5, Pen::fill(kind.paint()));
        let n = (out_dim * in_dim) as f64;
        let lines = [
            format!("[{out_dim}, {in_dim}]"),
            short(n),
            Unit::Bytes.show(2.0 * n),
        ];
        let (x, mut y) = (x + w.max(self.unit) + 9.0, self.y + 10.0);
        let role = match name {
            "w1" => self.pick(" (gate)", "（门控）"),
            "w2" => self.pick(" (down)", "（降维）"),
            "w3" => self.pick(" (up)", "（升维）"),
            _ => "",
        };
        let title = format!("{name}{role}");
        self.svg.text([x, y], Type::size(12.5).bold(), &title);
        for (i, line) in lines.iter().enumerate() {
            y += 15.0;
            let style = Type::size(11.5);
            self.svg
                .text([x, y], if i == 0 { style } else { style.mute() }, line);
        }
        [self.y + h, y + 4.0]
    }

    /// A table of the whole vocabulary: to scale, but cut into pieces that stand side by side.
    pub fn table(&mut self, name: &str, kind: Kind, note: &str) {
        let sizes = shape(self.config, name);
        let n = sizes.iter().product::<usize>() as f64;
        let y = self.y + 14.0;
        let line = format!("{} · {}", short(n), Unit::Bytes.show(2.0 * n));
        self.svg.text([LEFT, y], Type::size(12.5).bold(), name);
        let beside = LEFT + text::width(name, 13.6) + 8.0;
        self.svg
            .text([beside, y], Type::size(11.5), &format!("{sizes:?}"));
        self.svg
            .text([RIGHT, y], Type::size(11.5).end().mute(), &line);
        let height = self.side_of_piece();
        let reused = kind == Kind::Output && self.config.tied_output;
        let pen = match reused {
            true => Pen::line(Kind::Embedding.paint(), 1.2).dashed(true),
            false => Pen::fill(kind.paint()),
        };
        for i in 0..self.pieces {
            let x = LEFT + i as f64 * (self.unit + CUT);
            self.svg.rect([x, y + 9.0, self.unit, height], 1.5, pen);
        }
        self.y = y + 9.0 + height + 16.0;
        let cut = self.pick(
            format!("cut into {} pieces to fit the page", self.pieces),
            format!("切成 {} 段才放得下", self.pieces),
        );
        self.svg.text([LEFT, self.y], Type::size(11.0).mute(), note);
        self.svg
            .text([RIGHT, self.y], Type::size(11.0).end().mute(), &cut);
        self.y += 4.0;
    }

    fn side_of_piece(&self) -> f64 {
        let tall = self.config.vocab_size as f64 / self.config.dim as f64;
        self.unit * tall / self.pieces as f64
    }

    /// An arrow from the lower edge to the next row.
    pub fn arrow_down(&mut self, x: f64) {
        self.arrow([x, self.y + 2.0], [x, self.y + GAP - 2.0]);
        self.y += GAP;
    }

    pub fn arrow(&mut self, from: [f64; 2], to: [f64; 2]) {
        self.svg.arrow(&[from, to], Pen::line(Paint::Ink, 1.2));
    }

    /// From the table at the page's lower edge to the left, and down.
    pub fn start_spine(&mut self) {
        let y = self.y - 20.0 - self.side_of_piece() / 2.0;
        let stream = Pen::line(Paint::Accent, 3.0);
        self.svg
            .line(&[[LEFT - 4.0, y], [SPINE, y], [SPINE, y + 8.0]], stream);
        self.spine = y + 8.0;
        self.y += 14.0;
    }

    fn spine_to(&mut self, y: f64) {
        let ends = [[SPINE, self.spine], [SPINE, y]];
        self.svg.line(&ends, Pen::line(Paint::Accent, 3.0));
        self.spine = y;
    }

    /// Leaves the spine for an RMSNorm.
    pub fn norm(&mut self, name: &str) {
        let y = self.y + 14.0;
        self.spine_to(y);
        self.svg.circle([SPINE, y, 4.0], Pen::fill(Paint::Accent));
        self.arrow([SPINE, y], [LEFT - 2.0, y]);
        let shape = format!("{name} {:?}", shape(self.config, name));
        self.step([LEFT, RIGHT], "RMSNorm", &shape);
        let mark = [LEFT, y - 14.0, 5.0, 28.0];
        self.svg.rect(mark, 2.0, Pen::fill(Kind::Norm.paint()));
    }

    /// Back into the spine, from a matrix at height `y`.
    pub fn plus(&mut self, y: f64) {
        self.spine_to(y - 11.0);
        let arrow = [[LEFT - 3.0, y], [SPINE + 12.0, y]];
        self.svg.arrow(&arrow, Pen::line(Paint::Ink, 1.2));
        let pen = Pen::fill(Paint::Lit).edge(Paint::Accent, 2.0);
        self.svg.circle([SPINE, y, 11.0], pen);
        self.svg
            .text([SPINE, y + 5.5], Type::size(16.0).middle(), "+");
        self.spine = y + 11.0;
    }

    /// The spine's name, along it.
    pub fn name_spine(&mut self, y: f64) {
        let words = self.pick("residual stream", "残差流");
        let words = format!("{words} x [T, {}]", self.config.dim);
        let style = Type::size(11.5).middle().turn(-90.0).paint(Paint::Accent);
        self.svg.text([SPINE - 8.0, y], style, &words);
    }

    pub fn start_frame(&mut self) {
        self.frame = self.y;
        self.y += 44.0;
    }

    /// Around the block, with its name above it.
    pub fn end_frame(&mut self) {
        self.y += 12.0;
        let place = [12.0, self.frame, RIGHT - 2.0, self.y - self.frame];
        self.svg.rect(place, 10.0, Pen::line(Paint::Edge, 1.4));
        let config = self.config;
        let around: usize = ["tok_embeddings", "norm", "output"]
            .iter()
            .filter(|name| !(config.tied_output && **name == "output"))
            .map(|name| shape(config, name).iter().product::<usize>())
            .sum();
        let n = ((config.n_params() - around) / config.n_layers) as f64;
        let (count, bytes) = (short(n), Unit::Bytes.show(2.0 * n));
        let y = self.frame + 22.0;
        let words = self.pick(
            format!("{} blocks in a row, each:", config.n_layers),
            format!("{} 个块依次相连，每个块：", config.n_layers),
        );
        self.svg.text([LEFT, y], Type::size(13.0).bold(), &words);
        let style = Type::size(11.5).end().mute();
        self.svg
            .text([RIGHT, y], style, &format!("{count} · {bytes}"));
        self.y += 16.0;
    }
}
