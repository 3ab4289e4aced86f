//! Colours, pens and type: one theme, light and dark.

use super::canvas::number;

/// A colour: of the theme, or fixed because it stands for a value.
#[derive(Clone, Copy, PartialEq)]
pub enum Paint {
    None,
    Panel,
    Edge,
    Ink,
    Mute,
    Grid,
    Box,
    Lit,
    Accent,
    Masked,
    /// One of the colours that tell series apart (they repeat after [`SERIES`]).
    Series(usize),
    Rgb([u8; 3]),
}

/// How many series have a colour of their own.
pub const SERIES: usize = 6;

/// Class, light colour, dark colour. The series are safe for colour-blind readers (Okabe and Ito).
const THEME: [(&str, &str, &str); 9 + SERIES] = [
    ("panel", "#fcfcfb", "#1b1e23"),
    ("edge", "#c9cbc8", "#4a505a"),
    ("ink", "#1f2328", "#e8eaed"),
    ("mute", "#59616a", "#a8b0ba"),
    ("grid", "#e3e5e3", "#343a43"),
    ("box", "#edf0f3", "#2b313a"),
    ("lit", "#ffdb8f", "#7a5200"),
    ("accent", "#b25a00", "#ffb454"),
    ("masked", "#d6d7d4", "#474d56"),
    ("s0", "#0072b2", "#56a8e0"),
    ("s1", "#d55e00", "#f08a45"),
    ("s2", "#009e73", "#35c79a"),
    ("s3", "#b5588a", "#dd92ba"),
    ("s4", "#a07800", "#e0b640"),
    ("s5", "#6b6fc9", "#a3a7f0"),
];

impl Paint {
    fn theme(self) -> Option<&'static (&'static str, &'static str, &'static str)> {
        let index = match self {
            Paint::None | Paint::Rgb(_) => return None,
            Paint::Panel => 0,
            Paint::Edge => 1,
            Paint::Ink => 2,
            Paint::Mute => 3,
            Paint::Grid => 4,
            Paint::Box => 5,
            Paint::Lit => 6,
            Paint::Accent => 7,
            Paint::Masked => 8,
            Paint::Series(i) => 9 + i % SERIES,
        };
        THEME.get(index)
    }

    fn light(self) -> String {
        match (self, self.theme()) {
            (Paint::Rgb([r, g, b]), _) => format!("#{r:02x}{g:02x}{b:02x}"),
            (_, Some((_, light, _))) => light.to_string(),
            _ => "none".to_string(),
        }
    }
}

/// How a shape is filled and outlined.
#[derive(Clone, Copy)]
pub struct Pen {
    pub fill: Paint,
    pub stroke: Paint,
    pub width: f64,
    pub dashed: bool,
}

impl Pen {
    pub fn fill(fill: Paint) -> Self {
        Pen {
            fill,
            stroke: Paint::None,
            width: 0.0,
            dashed: false,
        }
    }

    pub fn line(stroke: Paint, width: f64) -> Self {
        Pen {
            fill: Paint::None,
            stroke,
            width,
            dashed: false,
        }
    }

    pub fn edge(self, stroke: Paint, width: f64) -> Self {
        Pen {
            stroke,
            width,
            ..self
        }
    }

    pub fn dashed(self, dashed: bool) -> Self {
        Pen { dashed, ..self }
    }

    /// The attributes of an element drawn with this pen.
    pub fn attributes(self) -> String {
        let classes: Vec<String> = [("f", self.fill), ("s", self.stroke)]
            .into_iter()
            .filter_map(|(kind, paint)| Some(format!("l3{kind}-{}", paint.theme()?.0)))
            .collect();
        let mut out = format!(" fill=\"{}\"", self.fill.light());
        if self.stroke != Paint::None {
            let (stroke, width) = (self.stroke.light(), number(self.width));
            out += &format!(" stroke=\"{stroke}\" stroke-width=\"{width}\"");
        }
        if self.dashed {
            out += " stroke-dasharray=\"5 4\"";
        }
        if !classes.is_empty() {
            out += &format!(" class=\"{}\"", classes.join(" "));
        }
        out
    }
}

/// How text is set.
#[derive(Clone, Copy)]
pub struct Type {
    pub size: f64,
    pub anchor: &'static str,
    pub paint: Paint,
    pub bold: bool,
    pub turn: f64,
}

impl Type {
    pub fn size(size: f64) -> Self {
        Type {
            size,
            anchor: "start",
            paint: Paint::Ink,
            bold: false,
            turn: 0.0,
        }
    }

    pub fn middle(self) -> Self {
        Type {
            anchor: "middle",
            ..self
        }
    }

    pub fn end(self) -> Self {
        Type {
            anchor: "end",
            ..self
        }
    }

    pub fn bold(self) -> Self {
        Type { bold: true, ..self }
    }

    pub fn paint(self, paint: Paint) -> Self {
        Type { paint, ..self }
    }

    pub fn mute(self) -> Self {
        self.paint(Paint::Mute)
    }

    /// Turned about its anchor, in degrees, clockwise.
    pub fn turn(self, turn: f64) -> Self {
        Type { turn, ..self }
    }
}

/// The dark colours of the classes that a picture uses.
pub fn dark_style(body: &str) -> String {
    let mut rules = String::new();
    for (class, _, dark) in THEME {
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
