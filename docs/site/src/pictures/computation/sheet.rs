//! What the drawing of the whole computation is made of: boxes, matrices to scale, the spine.

use super::{n_numbers, shape};
use llama3::Config;
use llama3::plot::canvas::{Paint, Pen, Svg, Type};
use llama3::plot::numbers::{Unit, short};
use llama3::plot::{Frame, text};

/// Where the residual stream runs, and between which columns everything else stands.
pub const SPINE: f64 = 36.0;
pub const LEFT: f64 = 76.0;
pub const RIGHT: f64 = 460.0;
/// Where the title and everything that spans the sheet begin.
pub const MARGIN: f64 = 20.0;
/// Where a column's arrows run: through the middle of its matrix.
pub const STEM: f64 = 18.0;
/// Between a row and the next, with room for an arrow.
pub const GAP: f64 = 20.0;
/// Between two pieces of a table.
const CUT: f64 = 3.0;

/// What a matrix is for; each kind has its colour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Embedding = 0,
    Attention = 1,
    FeedForward = 2,
    Norm = 3,
    Output = 5,
}

impl Kind {
    pub fn paint(self) -> Paint {
        Paint::Series(self as usize)
    }
}

/// The drawing, filled from top to bottom.
pub struct Sheet<'a> {
    pub svg: Svg,
    pub config: &'a Config,
    /// The lower edge of what is drawn.
    pub y: f64,
    frame: &'a Frame,
    /// The tables are taller than any page: they are cut into so many pieces, side by side.
    pieces: usize,
    /// How wide `dim` numbers are.
    unit: f64,
    /// How far down the spine is drawn, and where the block begins.
    spine: f64,
    block: f64,
}

/// How many numbers.
pub fn shown(n: usize) -> String {
    short(n as f64)
}

/// How many bytes they are.
pub fn in_bf16(n: usize) -> String {
    Unit::Bytes.show(2.0 * n as f64)
}

impl<'a> Sheet<'a> {
    pub fn new(config: &'a Config, frame: &'a Frame) -> Self {
        let tall = config.vocab_size as f64 / config.dim as f64;
        let unit = |n: usize| (RIGHT - LEFT - CUT * (n - 1) as f64) / n as f64;
        let pieces = (10..60).find(|n| unit(*n) * tall / *n as f64 <= 130.0);
        let pieces = pieces.unwrap_or(60);
        Sheet {
            svg: frame.svg(),
            config,
            y: 34.0,
            frame,
            pieces,
            unit: unit(pieces),
            spine: 0.0,
            block: 0.0,
        }
    }

    pub fn pick<T>(&self, en: T, zh: T) -> T {
        self.frame.pick(en, zh)
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
            self.svg.text([MARGIN, self.y], Type::size(11.0).mute(), line);
        }
        self.y += 16.0;
    }

    /// How long a side of `n` numbers is: to scale, but neither invisible nor off the sheet.
    fn side(&self, n: usize) -> f64 {
        (n as f64 * self.unit / self.config.dim as f64).clamp(1.5, 190.0)
    }

    /// A step without weights: a box with its name at the left and its shape at the right.
    pub fn step(&mut self, [left, right]: [f64; 2], name: &str, shape: &str) {
        self.plain_box([left, self.y, right - left, 28.0]);
        let y = self.y + 18.0;
        self.svg.text([left + 10.0, y], Type::size(12.0), name);
        self.svg.text([right - 10.0, y], Type::size(11.5).end().mute(), shape);
        self.y += 28.0;
    }

    /// The same in two lines, for a narrow column; the sheet goes on beside it.
    pub fn small_step(&mut self, [left, right]: [f64; 2], name: &str, shape: &str) -> f64 {
        self.plain_box([left, self.y, right - left, 40.0]);
        let x = (left + right) / 2.0;
        let (above, below) = (Type::size(12.0).middle(), Type::size(11.5).middle().mute());
        self.svg.text([x, self.y + 17.0], above, name);
        self.svg.text([x, self.y + 32.0], below, shape);
        self.y + 40.0
    }

    fn plain_box(&mut self, place: [f64; 4]) {
        let pen = Pen::fill(Paint::Box).edge(Paint::Edge, 1.0);
        self.svg.rect(place, 7.0, pen);
    }

    /// A matrix to scale, with its words to the right; returns the lower edges of both.
    pub fn matrix(&mut self, x: f64, name: &str, kind: Kind) -> [f64; 2] {
        let shape = shape(self.config, name);
        let [height, width] = [shape[0], shape[1]].map(|n| self.side(n));
        let x = x + (STEM - self.unit / 2.0).max(0.0);
        let place = [x, self.y, width, height];
        self.svg.rect(place, 1.5, Pen::fill(kind.paint()));
        let (x, mut y) = (x + width.max(self.unit) + 9.0, self.y + 10.0);
        let role = match name {
            "w1" => self.pick(" (gate)", "（门控）"),
            "w2" => self.pick(" (down)", "（降维）"),
            "w3" => self.pick(" (up)", "（升维）"),
            _ => "",
        };
        let (title, style) = (format!("{name}{role}"), Type::size(11.5));
        self.svg.text([x, y], Type::size(12.5).bold(), &title);
        let n = shape.iter().product();
        let lines =
            [(format!("{shape:?}"), style), (shown(n), style.mute()), (in_bf16(n), style.mute())];
        for (line, style) in lines {
            y += 15.0;
            self.svg.text([x, y], style, &line);
        }
        [self.y + height, y + 4.0]
    }

    /// A table of the whole vocabulary: to scale, but cut into pieces that stand side by side.
    pub fn table(&mut self, name: &str, kind: Kind, note: &str) {
        let shape = shape(self.config, name);
        let n = shape.iter().product();
        let (y, style) = (self.y + 14.0, Type::size(11.5));
        self.svg.text([LEFT, y], Type::size(12.5).bold(), name);
        let beside = LEFT + text::width(name, 13.6) + 8.0;
        self.svg.text([beside, y], style, &format!("{shape:?}"));
        let size = format!("{} · {}", shown(n), in_bf16(n));
        self.svg.text([RIGHT, y], style.end().mute(), &size);
        let is_used_again = kind == Kind::Output && self.config.tied_output;
        let pen = if is_used_again {
            Pen::line(Kind::Embedding.paint(), 1.2).dashed(true)
        } else {
            Pen::fill(kind.paint())
        };
        let height = self.height_of_piece();
        for i in 0..self.pieces {
            let x = LEFT + i as f64 * (self.unit + CUT);
            self.svg.rect([x, y + 9.0, self.unit, height], 1.5, pen);
        }
        self.y = y + 9.0 + height + 16.0;
        let (style, n) = (Type::size(11.0).mute(), self.pieces);
        let en = format!("cut into {n} pieces to fit the page");
        let cut = self.pick(en, format!("切成 {n} 段才放得下"));
        self.svg.text([LEFT, self.y], style, note);
        self.svg.text([RIGHT, self.y], style.end(), &cut);
        self.y += 4.0;
    }

    fn height_of_piece(&self) -> f64 {
        let tall = self.config.vocab_size as f64 / self.config.dim as f64;
        self.unit * tall / self.pieces as f64
    }

    /// An arrow from the lower edge to the next row.
    pub fn arrow_down(&mut self, x: f64) {
        self.arrow(x, self.y, self.y + GAP);
        self.y += GAP;
    }

    /// An arrow down, with a little air at both ends.
    pub fn arrow(&mut self, x: f64, from: f64, to: f64) {
        self.arrow_along([[x, from + 2.0], [x, to - 2.0]]);
    }

    fn arrow_along(&mut self, ends: [[f64; 2]; 2]) {
        self.svg.arrow(&ends, Pen::line(Paint::Ink, 1.2));
    }

    /// From the table at the sheet's lower edge to the left, and down.
    pub fn start_spine(&mut self) {
        let y = self.y - 20.0 - self.height_of_piece() / 2.0;
        let corner = [[LEFT - 4.0, y], [SPINE, y], [SPINE, y + 8.0]];
        self.svg.line(&corner, Pen::line(Paint::Accent, 3.0));
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
        self.arrow_along([[SPINE, y], [LEFT - 2.0, y]]);
        let weight = format!("{name} {:?}", shape(self.config, name));
        self.step([LEFT, RIGHT], "RMSNorm", &weight);
        let mark = [LEFT, y - 14.0, 5.0, 28.0];
        self.svg.rect(mark, 2.0, Pen::fill(Kind::Norm.paint()));
    }

    /// Back into the spine, from a matrix at height `y`.
    pub fn plus(&mut self, y: f64) {
        self.spine_to(y - 11.0);
        self.arrow_along([[LEFT - 3.0, y], [SPINE + 12.0, y]]);
        let pen = Pen::fill(Paint::Lit).edge(Paint::Accent, 2.0);
        self.svg.circle([SPINE, y, 11.0], pen);
        self.svg.text([SPINE, y + 5.5], Type::size(16.0).middle(), "+");
        self.spine = y + 11.0;
    }

    /// The spine's name, along it.
    pub fn name_spine(&mut self, y: f64) {
        let name = self.pick("residual stream", "残差流");
        let words = format!("{name} x [T, {}]", self.config.dim);
        let style = Type::size(11.5).middle().turn(-90.0).paint(Paint::Accent);
        self.svg.text([SPINE - 8.0, y], style, &words);
    }

    pub fn start_block(&mut self) {
        self.block = self.y;
        self.y += 44.0;
    }

    /// Around the block, with its name above it.
    pub fn end_block(&mut self) {
        self.y += 12.0;
        let place = [12.0, self.block, RIGHT - 2.0, self.y - self.block];
        self.svg.rect(place, 10.0, Pen::line(Paint::Edge, 1.4));
        let (y, n) = (self.block + 22.0, self.config.n_layers);
        let en = format!("{n} blocks in a row, each:");
        let words = self.pick(en, format!("{n} 个块依次相连，每个块："));
        self.svg.text([LEFT, y], Type::size(13.0).bold(), &words);
        let n = n_numbers(self.config, "layers.0.");
        let size = format!("{} · {}", shown(n), in_bf16(n));
        self.svg.text([RIGHT, y], Type::size(11.5).end().mute(), &size);
        self.y += 16.0;
    }
}
