//! The figures a notebook shows, drawn as SVG.
//!
//! Each function starts a description (`heatmap(&scores)`), methods complete it
//! (`.labels(&tokens)`), and [`Draw::draw`] turns it into a [`Figure`]. As the last expression of a
//! cell a description draws itself.
//!
//! ```
//! use llama3::plot::*;
//!
//! let figure = bars(&[(" 42", 0.9), (" 1", 0.05)]).percent().highlight(0).draw()?;
//! assert_eq!(figure.alt(), "Bar chart, 2 bars; largest ‘␣42’ 90 %; smallest ‘␣1’ 5 %");
//! # Ok::<(), llama3::Error>(())
//! ```
//!
//! The same data gives the same bytes on every machine: values are rounded before they are drawn.
//! A figure carries its own background, so it can be read on a light and on a dark page.

mod arrows;
mod bars;
pub mod canvas;
mod cells;
mod chips;
mod colors;
mod drawing;
mod gallery;
mod heatmap;
pub mod language;
mod lines;
mod map;
mod matmul;
pub mod numbers;
mod paint;
mod parts;
mod swiglu;
pub mod table;
#[cfg(test)]
mod tests;
pub mod text;

pub use arrows::{Arrows, arrows};
pub use bars::{Bars, bars};
pub use gallery::{Gallery, gallery};
pub use heatmap::{Heatmap, heatmap};
pub use language::Language;
pub use lines::{Lines, lines};
pub use map::{Map, map};
pub use matmul::{Matmul, matmul};
pub use numbers::Number;
pub use parts::{Parts, parts};
pub use swiglu::{Swiglu, swiglu};

use canvas::Svg;

use crate::error::{Error, Result};

use std::path::Path;

/// A finished picture, with the same in words for whoever cannot see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Figure {
    svg: String,
    alt: String,
}

impl Figure {
    /// The picture: a complete SVG document.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// What the picture shows, in words.
    pub fn alt(&self) -> &str {
        &self.alt
    }

    /// Writes the SVG to a file.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        std::fs::write(&path, &self.svg).map_err(|source| Error::io(path, source))
    }

    /// What the evcxr kernel calls when a figure is the last expression of a cell.
    pub fn evcxr_display(&self) {
        println!("{}", output("image/svg+xml", &self.svg, &self.alt));
    }
}

/// What the evcxr kernel takes for a cell's output: a picture or a page, and the same as text.
fn output(mime: &str, content: &str, text: &str) -> String {
    format!(
        "EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT\n\
         EVCXR_BEGIN_CONTENT text/plain\n{text}\nEVCXR_END_CONTENT"
    )
}

/// Debug shows the words, not thousands of characters of SVG.
impl std::fmt::Debug for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Figure({})", self.alt)
    }
}

/// What every figure has: a title, and the language of its own words.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Stands above the picture; none, if it is empty.
    pub title: String,
    /// The session's, if nobody says otherwise.
    pub language: Language,
}

impl Frame {
    /// An empty picture with its title.
    pub fn svg(&self) -> Svg {
        Svg::new(&self.title)
    }

    /// Where the picture begins: at `margin`, or that much below the title.
    pub fn top(&self, margin: f64) -> f64 {
        margin + if self.title.is_empty() { 0.0 } else { 28.0 }
    }

    /// The one of two things that is in the figure's language.
    pub fn pick<T>(&self, en: T, zh: T) -> T {
        self.language.pick(en, zh)
    }

    /// The figure in words: its title, when it has one, then what it shows.
    pub fn described(&self, parts: &[String]) -> String {
        let words = parts.join(self.pick("; ", "；"));
        match self.title.as_str() {
            "" => words,
            title => format!("{title}{}{words}", self.pick(": ", "：")),
        }
    }
}

/// A description of a figure that can be drawn.
pub trait Draw {
    /// The figure's title and language.
    fn frame(&mut self) -> &mut Frame;

    /// Draws the figure.
    ///
    /// # Errors
    /// [`Error::Argument`] or [`Error::Shape`] when the data is empty, contradicts its labels, or
    /// holds numbers that have no place in the picture (NaN, infinity).
    fn draw(&self) -> Result<Figure>;

    /// The title above the picture.
    fn title(mut self, title: impl Into<String>) -> Self
    where
        Self: Sized,
    {
        self.frame().title = title.into();
        self
    }

    /// The language of the figure's own words, if it is not the session's.
    fn language(mut self, language: Language) -> Self
    where
        Self: Sized,
    {
        self.frame().language = language;
        self
    }

    /// What the evcxr kernel calls when a description is the last expression of a cell. An error
    /// goes where `?` would send it.
    fn evcxr_display(&self) {
        match self.draw() {
            Ok(figure) => figure.evcxr_display(),
            Err(error) => eprintln!("{error}"),
        }
    }
}

/// A number of things in English: `1 row`, `2 rows`.
pub fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Labels as a figure keeps them.
fn owned<S: AsRef<str>>(labels: &[S]) -> Vec<String> {
    let labels = labels.iter();
    labels.map(|label| text::visible(label.as_ref())).collect()
}

/// Values under their labels, as a figure keeps them.
fn labelled<S: AsRef<str>, N: Number>(values: &[(S, N)]) -> Vec<(String, f64)> {
    let owned = |(label, x): &(S, N)| (text::visible(label.as_ref()), x.to_f64());
    values.iter().map(owned).collect()
}

/// An error, unless the data can be drawn.
fn ensure(can_be_drawn: bool, problem: impl FnOnce() -> String) -> Result<()> {
    if can_be_drawn { Ok(()) } else { Err(Error::Argument(problem())) }
}
