//! Drawings that are kept as .svg files.
//!
//! An element is one line of the file. Its class says which pen draws it, a polyline is an arrow, and
//! a text may be in one language (`lang="zh"`) and in several lines (`/` starts the next).

use super::canvas::{Pen, Svg, Type};
use super::language::Language;

/// One element of a drawing: a line of its file.
#[derive(Clone, Copy)]
pub(super) struct Element<'a>(&'a str);

/// The elements of a drawing that have a class, without the words of the other language.
pub(super) fn elements(drawing: &str, language: Language) -> impl Iterator<Item = Element<'_>> {
    let mine = language.pick(["", "en"], ["", "zh"]);
    let all = drawing.lines().map(Element);
    all.filter(move |element| {
        !element.get("class").is_empty() && mine.contains(&element.get("lang"))
    })
}

impl<'a> Element<'a> {
    /// What an attribute says; nothing, if there is none.
    pub fn get(self, name: &str) -> &'a str {
        let rest = self.0.split_once(&format!(" {name}=\""));
        let value = rest.and_then(|(_, rest)| rest.split_once('"'));
        value.map_or("", |(value, _)| value)
    }

    /// What a text says; nothing, if it is a shape.
    pub fn words(self) -> &'a str {
        let words = self.0.strip_suffix("</text>");
        let words = words.and_then(|line| line.split_once('>'));
        words.map_or("", |(_, words)| words)
    }

    fn numbers<const N: usize>(self, names: [&str; N]) -> [f64; N] {
        names.map(|name| self.get(name).parse().unwrap_or(0.0))
    }

    /// Draws a shape with a pen; sets words where the drawing has a text, their lines around its place.
    pub fn draw(self, svg: &mut Svg, pen: Pen, style: Type, words: &str) {
        match self.0.split_once(' ') {
            Some(("<rect", _)) => {
                let [radius] = self.numbers(["rx"]);
                svg.rect(self.numbers(["x", "y", "width", "height"]), radius, pen);
            }
            Some(("<circle", _)) => svg.circle(self.numbers(["cx", "cy", "r"]), pen),
            Some(("<polyline", _)) => svg.arrow(&points(self.get("points")), pen),
            Some(("<path", _)) => svg.path(self.get("d"), pen),
            _ => {
                let [x, y] = self.numbers(["x", "y"]);
                let first = y - words.matches('/').count() as f64 * LINE / 2.0;
                for (i, line) in words.split('/').enumerate() {
                    svg.text([x, first + i as f64 * LINE], style, line);
                }
            }
        }
    }
}

/// From one line of a text to the next.
const LINE: f64 = 15.0;

/// `0,0 10,5`
fn points(list: &str) -> Vec<[f64; 2]> {
    let point = |pair: &str| {
        let (x, y) = pair.split_once(',')?;
        Some([x.parse().ok()?, y.parse().ok()?])
    };
    list.split(' ').filter_map(point).collect()
}
