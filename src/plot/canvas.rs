//! Draw a figure of your own: rectangles, lines and text, in one light and dark theme.
//!
//! A description holds a [`Frame`](super::Frame) for its title and its language, and implements
//! [`Draw`](super::Draw):
//!
//! ```
//! use llama3::plot::canvas::{Paint, Pen, Type};
//! use llama3::plot::{Draw, Figure, Frame};
//!
//! #[derive(Default)]
//! struct Square(Frame);
//!
//! impl Draw for Square {
//!     fn frame(&mut self) -> &mut Frame {
//!         &mut self.0
//!     }
//!
//!     fn draw(&self) -> llama3::Result<Figure> {
//!         let (mut svg, top) = (self.0.svg(), self.0.top(20.0));
//!         svg.rect([20.0, top, 60.0, 60.0], 4.0, Pen::fill(Paint::Series(0)));
//!         svg.text([50.0, top + 78.0], Type::size(12.0).middle(), "60 × 60");
//!         let alt = self.0.described(&[self.0.pick("A square", "一个正方形").to_string()]);
//!         Ok(svg.finish([100.0, top + 92.0], alt))
//!     }
//! }
//!
//! let figure = Square::default().title("n").language(llama3::Language::En).draw()?;
//! assert_eq!(figure.alt(), "n: A square");
//! # Ok::<(), llama3::Error>(())
//! ```
//!
//! Every colour is written as an attribute that is right on a light page; a short style sheet swaps
//! the theme's colours where the reader prefers a dark one. No ids: several figures may be pasted
//! into one page.

pub use super::paint::{Paint, Pen, Type};

use super::numbers::coordinate;
use super::paint::dark_style;
use super::{Figure, text};

const FONT: &str = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', \
                               'Microsoft YaHei', sans-serif";

const MONO: &str = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/// How wide the letters of a title are, as a type size: bold is wider.
const TITLE: f64 = 14.8;

/// A picture in the making. Places are pixels from the upper left corner.
pub struct Svg {
    title: String,
    body: String,
}

impl Svg {
    /// A picture with a title (or none, if it is empty) in its first 40 pixels.
    pub fn new(title: &str) -> Self {
        let (title, body) = (title.to_string(), String::new());
        let mut svg = Svg { title, body };
        if !svg.title.is_empty() {
            let title = text::fit(&svg.title, TITLE, 720.0);
            svg.text([20.0, 28.0], Type::size(14.0).bold(), &title);
        }
        svg
    }

    /// `[x, y, width, height]` with rounded corners.
    pub fn rect(&mut self, [x, y, w, h]: [f64; 4], radius: f64, pen: Pen) {
        let [x, y, w, h, r] = [x, y, w.max(0.0), h.max(0.0), radius].map(coordinate);
        let rect = format!(r#"rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}""#);
        self.shape(&rect, pen);
    }

    /// `[x, y, radius]` around a centre.
    pub fn circle(&mut self, circle: [f64; 3], pen: Pen) {
        let [x, y, r] = circle.map(coordinate);
        self.shape(&format!(r#"circle cx="{x}" cy="{y}" r="{r}""#), pen);
    }

    /// A path as SVG writes it: `M0 0L10 10`.
    pub fn path(&mut self, d: &str, pen: Pen) {
        self.shape(&format!(r#"path d="{d}" stroke-linejoin="round""#), pen);
    }

    fn shape(&mut self, element: &str, pen: Pen) {
        self.body += &format!("<{element}{}/>\n", pen.attributes());
    }

    /// A line through all points.
    pub fn line(&mut self, points: &[[f64; 2]], pen: Pen) {
        self.path(&polyline(points), pen);
    }

    /// A line through all points with a head at the last.
    pub fn arrow(&mut self, points: &[[f64; 2]], pen: Pen) {
        let [before @ .., [x0, y0], [x1, y1]] = points else {
            return;
        };
        let length = (x1 - x0).hypot(y1 - y0);
        if length < 0.01 {
            return;
        }
        let size = (4.0 + 1.5 * pen.width).min(length);
        let (dx, dy) = ((x1 - x0) / length * size, (y1 - y0) / length * size);
        let neck = [x1 - 0.7 * dx, y1 - 0.7 * dy];
        self.line(&[before, &[[*x0, *y0], neck]].concat(), pen);
        let (bx, by) = (x1 - dx, y1 - dy);
        let (wx, wy) = (0.5 * dy, 0.5 * dx);
        let head = [[*x1, *y1], [bx - wx, by + wy], [bx + wx, by - wy]];
        self.path(&(polyline(&head) + "Z"), Pen::fill(pen.stroke));
    }

    /// Text whose baseline starts, is centred or ends at a point.
    pub fn text(&mut self, [x, y]: [f64; 2], style: Type, text: &str) {
        let [x, y, size] = [x, y, style.size].map(coordinate);
        let mut extra = match style.anchor {
            "start" => String::new(),
            anchor => format!(r#" text-anchor="{anchor}""#),
        };
        if style.bold {
            extra += BOLD;
        }
        if style.turn != 0.0 {
            let turn = coordinate(style.turn);
            extra += &format!(r#" transform="rotate({turn} {x} {y})""#);
        }
        let (pen, text) = (Pen::fill(style.paint).attributes(), escape(text));
        self.body +=
            &format!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{extra}{pen}>{text}</text>\n");
    }

    /// Text of a terminal: every character is equally wide, spaces count, and the whole is `width`
    /// wide whatever font there is.
    pub fn columns(&mut self, [x, y]: [f64; 2], style: Type, text: &str, width: f64) {
        if text.is_empty() {
            return;
        }
        let [x, y, size, width] = [x, y, style.size, width].map(coordinate);
        let weight = if style.bold { BOLD } else { "" };
        let (pen, text) = (Pen::fill(style.paint).attributes(), escape(text));
        self.body += &format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" font-family=\"{MONO}\" \
             xml:space=\"preserve\" textLength=\"{width}\"{weight}{pen}>{text}</text>\n"
        );
    }

    /// Shapes drawn inside have their own origin and units, `[x, y, width, height]`, and sharp edges.
    pub fn scaled(&mut self, place: [f64; 4], draw: impl FnOnce(&mut Svg)) {
        let [x, y, sx, sy] = place.map(coordinate);
        self.body += &format!(
            "<g transform=\"translate({x} {y}) scale({sx} {sy})\" shape-rendering=\"crispEdges\">\n"
        );
        draw(self);
        self.body += "</g>\n";
    }

    /// Shapes drawn inside are `down` pixels further down.
    pub fn moved(&mut self, down: f64, draw: impl FnOnce(&mut Svg)) {
        if down == 0.0 {
            return draw(self);
        }
        self.body += &format!("<g transform=\"translate(0 {})\">\n", coordinate(down));
        draw(self);
        self.body += "</g>\n";
    }

    /// Puts the picture, `[width, height]`, on its panel and gives it its words.
    pub fn finish(self, [width, height]: [f64; 2], alt: String) -> Figure {
        let Svg { title, body } = self;
        let alt: String = alt.chars().map(printable).collect();
        let title_end = match title.as_str() {
            "" => 0.0,
            title => 40.0 + text::width(title, TITLE).min(720.0),
        };
        let (width, height) = (width.max(title_end).ceil(), height.ceil());
        let [w, h, inner_w, inner_h] = [width, height, width - 1.0, height - 1.0].map(coordinate);
        let panel = Pen::fill(Paint::Panel).edge(Paint::Edge, 1.0).attributes();
        let title = escape(if title.is_empty() { &alt } else { &title });
        let (words, style) = (escape(&alt), dark_style(&body));
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {w} {h}" width="{w}" height="{h}" style="max-width:100%;height:auto" font-family="{FONT}">
<title>{title}</title>
<desc>{words}</desc>
<style>{style}</style>
<rect x="0.5" y="0.5" width="{inner_w}" height="{inner_h}" rx="10"{panel}/>
{body}</svg>"#
        );
        Figure { svg, alt }
    }
}

const BOLD: &str = r#" font-weight="600""#;

/// The path through all points: `M x y L x y …`
pub fn polyline(points: &[[f64; 2]]) -> String {
    let step = |(i, [x, y]): (usize, &[f64; 2])| {
        let command = if i == 0 { 'M' } else { 'L' };
        format!("{command}{} {}", coordinate(*x), coordinate(*y))
    };
    points.iter().enumerate().map(step).collect()
}

/// XML forbids most control characters, and a figure's text has no lines.
fn printable(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => ' ',
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
        c => c,
    }
}

/// Text as XML writes it.
fn escape(text: &str) -> String {
    let text: String = text.chars().map(printable).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
