//! The little of SVG that the figures need: rectangles, paths, text, and one light and dark theme.
//!
//! Every colour is written as an attribute that is right on a light page; a short style sheet swaps
//! the theme's colours where the reader prefers a dark one. No ids: several figures may be pasted
//! into one page.

use super::paint::dark_style;
pub use super::paint::{Paint, Pen, SERIES, Type};
use super::{Figure, text};

use std::fmt::Write;

const FONT: &str = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', \
                               'Microsoft YaHei', sans-serif";

const MONO: &str = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/// A picture in the making.
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
        let [x, y, w, h, radius] = [x, y, w.max(0.0), h.max(0.0), radius].map(number);
        let pen = pen.attributes();
        let _ = writeln!(
            self.body,
            r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{radius}"{pen}/>"#
        );
    }

    pub fn circle(&mut self, [x, y, r]: [f64; 3], pen: Pen) {
        let [x, y, r] = [x, y, r].map(number);
        let _ = writeln!(
            self.body,
            r#"<circle cx="{x}" cy="{y}" r="{r}"{}/>"#,
            pen.attributes()
        );
    }

    pub fn path(&mut self, d: &str, pen: Pen) {
        let pen = pen.attributes();
        let _ = writeln!(self.body, r#"<path d="{d}" stroke-linejoin="round"{pen}/>"#);
    }

    /// A line through all points.
    pub fn line(&mut self, points: &[[f64; 2]], pen: Pen) {
        self.path(&polyline(points), pen);
    }

    /// A line through all points with a head at the last.
    pub fn arrow(&mut self, points: &[[f64; 2]], pen: Pen) {
        let [.., [x0, y0], [x1, y1]] = *points else {
            return;
        };
        let length = (x1 - x0).hypot(y1 - y0);
        if length < 0.01 {
            return;
        }
        let size = (4.0 + 1.5 * pen.width).min(length);
        let (dx, dy) = ((x1 - x0) / length * size, (y1 - y0) / length * size);
        let (bx, by) = (x1 - dx, y1 - dy);
        let mut shaft = points.to_vec();
        shaft.pop();
        shaft.push([x1 - 0.7 * dx, y1 - 0.7 * dy]);
        self.line(&shaft, pen);
        let wings = [
            [x1, y1],
            [bx - 0.5 * dy, by + 0.5 * dx],
            [bx + 0.5 * dy, by - 0.5 * dx],
        ];
        self.path(&(polyline(&wings) + "Z"), Pen::fill(pen.stroke));
    }

    /// Text whose baseline starts, is centred or ends at a point.
    pub fn text(&mut self, [x, y]: [f64; 2], style: Type, text: &str) {
        let (x, y, size) = (number(x), number(y), number(style.size));
        let mut extra = match style.anchor {
            "start" => String::new(),
            anchor => format!(" text-anchor=\"{anchor}\""),
        };
        if style.bold {
            extra += " font-weight=\"600\"";
        }
        if style.turn != 0.0 {
            extra += &format!(" transform=\"rotate({} {x} {y})\"", number(style.turn));
        }
        let (pen, text) = (Pen::fill(style.paint).attributes(), escape(text));
        let _ = writeln!(
            self.body,
            r#"<text x="{x}" y="{y}" font-size="{size}"{extra}{pen}>{text}</text>"#
        );
    }

    /// Text of a terminal: every character is equally wide, spaces count, and the whole is `width`
    /// wide whatever font there is.
    pub fn columns(&mut self, [x, y]: [f64; 2], style: Type, text: &str, width: f64) {
        let [x, y, size, width] = [x, y, style.size, width].map(number);
        let weight = if style.bold {
            " font-weight=\"600\""
        } else {
            ""
        };
        let (pen, text) = (Pen::fill(style.paint).attributes(), escape(text));
        if text.is_empty() {
            return;
        }
        let _ = writeln!(
            self.body,
            r#"<text x="{x}" y="{y}" font-size="{size}" font-family="{MONO}" xml:space="preserve" textLength="{width}"{weight}{pen}>{text}</text>"#
        );
    }

    /// Shapes drawn inside have their own origin and units and sharp edges.
    pub fn scaled(&mut self, [x, y, sx, sy]: [f64; 4], draw: impl FnOnce(&mut Svg)) {
        let [x, y, sx, sy] = [x, y, sx, sy].map(number);
        let _ = writeln!(
            self.body,
            r#"<g transform="translate({x} {y}) scale({sx} {sy})" shape-rendering="crispEdges">"#
        );
        draw(self);
        self.body += "</g>\n";
    }

    /// Puts the picture on its panel and gives it its words.
    pub fn finish(self, [width, height]: [f64; 2], alt: String) -> Figure {
        let alt: String = alt.chars().map(printable).collect();
        let title_end = match self.title.as_str() {
            "" => 0.0,
            title => 40.0 + text::width(title, TITLE).min(720.0),
        };
        let (width, height) = (width.max(title_end).ceil(), height.ceil());
        let [w, h, inner_w, inner_h] = [width, height, width - 1.0, height - 1.0].map(number);
        let panel = Pen::fill(Paint::Panel).edge(Paint::Edge, 1.0).attributes();
        let title = if self.title.is_empty() {
            &alt
        } else {
            &self.title
        };
        let (title, words, style) = (escape(title), escape(&alt), dark_style(&self.body));
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {w} {h}" width="{w}" height="{h}" style="max-width:100%;height:auto" font-family="{FONT}">
<title>{title}</title>
<desc>{words}</desc>
<style>{style}</style>
<rect x="0.5" y="0.5" width="{inner_w}" height="{inner_h}" rx="10"{panel}/>
{}</svg>"#,
            self.body
        );
        Figure { svg, alt }
    }
}

/// How wide the letters of a title are, as a type size: bold is wider.
const TITLE: f64 = 14.8;

/// `M x y L x y …`
pub fn polyline(points: &[[f64; 2]]) -> String {
    let mut d = String::new();
    for (i, [x, y]) in points.iter().enumerate() {
        let command = if i == 0 { 'M' } else { 'L' };
        let _ = write!(d, "{command}{} {}", number(*x), number(*y));
    }
    d
}

/// A coordinate with at most two decimals, the same on every machine.
pub fn number(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_string()
    } else {
        text.to_string()
    }
}

/// A coordinate rounded so that noise in a value's last digits does not move it.
pub fn tenth(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
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
    let mut out = String::with_capacity(text.len());
    for c in text.chars().map(printable) {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            c => out.push(c),
        }
    }
    out
}
