//! Colours, pens and type: one theme, light and dark.

use super::numbers::coordinate;

/// A colour: of the theme, or fixed because it stands for a value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Paint {
    /// Not drawn.
    #[default]
    None,
    /// What a figure stands on.
    Panel,
    /// Outlines and axes.
    Edge,
    /// Text, and lines that matter.
    Ink,
    /// Text and lines that stay behind.
    Mute,
    /// The lines of a grid.
    Grid,
    /// The inside of a box.
    Box,
    /// The inside of a box that is pointed out.
    Lit,
    /// The outline of what is pointed out.
    Accent,
    /// A cell that is −∞.
    Masked,
    /// One of the six colours that tell series apart; the seventh series has the first again.
    Series(usize),
    /// Red, green, blue: the same on a light and on a dark page.
    Rgb([u8; 3]),
}

/// How many series have a colour of their own.
pub(super) const SERIES: usize = 6;

/// Class, light colour, dark colour. The series are safe for colour-blind readers (Okabe and Ito).
const THEME: [(Paint, [&str; 3]); 9 + SERIES] = [
    (Paint::Panel, ["panel", "#fcfcfb", "#1b1e23"]),
    (Paint::Edge, ["edge", "#c9cbc8", "#4a505a"]),
    (Paint::Ink, ["ink", "#1f2328", "#e8eaed"]),
    (Paint::Mute, ["mute", "#59616a", "#a8b0ba"]),
    (Paint::Grid, ["grid", "#e3e5e3", "#343a43"]),
    (Paint::Box, ["box", "#edf0f3", "#2b313a"]),
    (Paint::Lit, ["lit", "#ffdb8f", "#7a5200"]),
    (Paint::Accent, ["accent", "#b25a00", "#ffb454"]),
    (Paint::Masked, ["masked", "#d6d7d4", "#474d56"]),
    (Paint::Series(0), ["s0", "#0072b2", "#56a8e0"]),
    (Paint::Series(1), ["s1", "#d55e00", "#f08a45"]),
    (Paint::Series(2), ["s2", "#009e73", "#35c79a"]),
    (Paint::Series(3), ["s3", "#b5588a", "#dd92ba"]),
    (Paint::Series(4), ["s4", "#a07800", "#e0b640"]),
    (Paint::Series(5), ["s5", "#6b6fc9", "#a3a7f0"]),
];

impl Paint {
    fn theme(self) -> Option<[&'static str; 3]> {
        let paint = match self {
            Paint::Series(i) => Paint::Series(i % SERIES),
            paint => paint,
        };
        let entry = THEME.iter().find(|(other, _)| *other == paint);
        entry.map(|(_, colours)| *colours)
    }

    fn light(self) -> String {
        match (self, self.theme()) {
            (Paint::Rgb([r, g, b]), _) => format!("#{r:02x}{g:02x}{b:02x}"),
            (_, Some([_, light, _])) => light.to_string(),
            _ => "none".to_string(),
        }
    }
}

/// How a shape is filled and outlined.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pen {
    fill: Paint,
    pub(super) stroke: Paint,
    pub(super) width: f64,
    dashed: bool,
}

impl Pen {
    /// Fills, without an outline.
    pub fn fill(fill: Paint) -> Self {
        let nothing = Pen::default();
        Pen { fill, ..nothing }
    }

    /// Draws a line of a width in pixels, and fills nothing.
    pub fn line(stroke: Paint, width: f64) -> Self {
        Pen::default().edge(stroke, width)
    }

    /// The same with an outline.
    pub fn edge(mut self, stroke: Paint, width: f64) -> Self {
        (self.stroke, self.width) = (stroke, width);
        self
    }

    /// The same with a dashed line.
    pub fn dashed(self, dashed: bool) -> Self {
        Pen { dashed, ..self }
    }

    /// The attributes of an element drawn with this pen.
    pub(super) fn attributes(self) -> String {
        let mut out = format!(" fill=\"{}\"", self.fill.light());
        if self.stroke != Paint::None {
            let (stroke, width) = (self.stroke.light(), coordinate(self.width));
            out += &format!(" stroke=\"{stroke}\" stroke-width=\"{width}\"");
        }
        if self.dashed {
            out += " stroke-dasharray=\"5 4\"";
        }
        let class = |(kind, paint): (&str, Paint)| Some(format!("l3{kind}-{}", paint.theme()?[0]));
        let classes = [("f", self.fill), ("s", self.stroke)].into_iter();
        let classes: Vec<String> = classes.filter_map(class).collect();
        if !classes.is_empty() {
            out += &format!(" class=\"{}\"", classes.join(" "));
        }
        out
    }
}

/// How text is set.
#[derive(Clone, Copy, Debug)]
pub struct Type {
    pub(super) size: f64,
    pub(super) anchor: &'static str,
    pub(super) paint: Paint,
    pub(super) bold: bool,
    pub(super) turn: f64,
}

impl Type {
    /// Of a size in pixels, in ink, starting at its point.
    pub fn size(size: f64) -> Self {
        Type { size, anchor: "start", paint: Paint::Ink, bold: false, turn: 0.0 }
    }

    /// Centred on its point.
    pub fn middle(mut self) -> Self {
        self.anchor = "middle";
        self
    }

    /// Ending at its point.
    pub fn end(mut self) -> Self {
        self.anchor = "end";
        self
    }

    /// In bold letters.
    pub fn bold(self) -> Self {
        Type { bold: true, ..self }
    }

    /// In a colour.
    pub fn paint(self, paint: Paint) -> Self {
        Type { paint, ..self }
    }

    /// In the colour of what stays behind.
    pub fn mute(self) -> Self {
        self.paint(Paint::Mute)
    }

    /// Turned about its point, in degrees, clockwise.
    pub fn turn(self, turn: f64) -> Self {
        Type { turn, ..self }
    }
}

/// The dark colours of the classes that a picture uses.
pub(super) fn dark_style(body: &str) -> String {
    let mut rules = String::new();
    for (_, [class, _, dark]) in THEME {
        for (kind, property) in [("f", "fill"), ("s", "stroke")] {
            let name = format!("l3{kind}-{class}");
            let in_panel = matches!(name.as_str(), "l3f-panel" | "l3s-edge");
            if in_panel || body.contains(&name) {
                rules += &format!(".{name}{{{property}:{dark}}}");
            }
        }
    }
    format!("@media (prefers-color-scheme: dark){{{rules}}}")
}
