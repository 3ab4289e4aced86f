//! What a program printed, as a picture of a terminal.

use llama3::plot::canvas::{Paint, Pen, Svg, Type};
use llama3::plot::{Draw, Figure, Frame, count};
use llama3::{Error, Result};

/// The text of a terminal, line by line. A line that begins with `$ ` is a command; blocks (█) at
/// the end of a line are drawn as a bar.
pub fn screen(text: &str) -> Screen {
    Screen {
        text: text.to_string(),
        highlight: String::new(),
        frame: Frame::default(),
    }
}

/// See [`screen`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Screen {
    text: String,
    highlight: String,
    frame: Frame,
}

/// How many characters fit in a line before it is broken.
const COLUMNS: usize = 88;
const TYPE_SIZE: f64 = 13.0;
/// The width of a character and the height of a line.
const CELL: [f64; 2] = [7.8, 19.0];
const MARGIN: f64 = 20.0;
const BLOCK: char = '█';

impl Screen {
    /// The line that is written bold in the theme's accent colour.
    pub fn highlight(mut self, line: impl Into<String>) -> Self {
        self.highlight = line.into();
        self
    }

    fn draw_line(&self, svg: &mut Svg, line: &str, y: f64) {
        let text = line.trim_end_matches([BLOCK, ' ']);
        let n_chars = text.chars().count();
        let style = Type::size(TYPE_SIZE);
        let style = match () {
            () if text == self.highlight => style.bold().paint(Paint::Accent),
            () if text.starts_with("$ ") => style.bold(),
            () => style,
        };
        svg.columns([MARGIN, y], style, text, n_chars as f64 * CELL[0]);
        let n_blocks = line.chars().filter(|c| *c == BLOCK).count();
        if n_blocks > 0 {
            let x = MARGIN + (line.chars().count() - n_blocks) as f64 * CELL[0];
            // A block is half a character wide here: the longest bar has 40 of them.
            let bar = [x, y - 10.0, n_blocks as f64 * CELL[0] / 2.0, 12.0];
            svg.rect(bar, 2.0, Pen::fill(Paint::Series(0)));
        }
    }
}

impl Draw for Screen {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        let lines: Vec<&str> = self.text.lines().collect();
        let broken: Vec<String> = lines.iter().flat_map(|line| wrapped(line)).collect();
        let (Some(last), 1..=100) = (lines.last(), broken.len()) else {
            let n = broken.len();
            return Err(Error::Argument(format!(
                "screen: {n} lines; it takes 1 to 100"
            )));
        };
        let mut svg = Svg::new(&self.frame.title);
        let top = if self.frame.title.is_empty() {
            0.0
        } else {
            26.0
        };
        for i in 0..3 {
            let circle = [MARGIN + 6.0 + 18.0 * i as f64, top + 20.0, 5.5];
            svg.circle(circle, Pen::fill(Paint::Edge));
        }
        for (i, line) in broken.iter().enumerate() {
            self.draw_line(&mut svg, line, top + 50.0 + CELL[1] * i as f64);
        }
        let last = last.trim_end_matches([BLOCK, ' ']);
        let size = [
            2.0 * MARGIN + CELL[0] * COLUMNS as f64,
            top + 56.0 + CELL[1] * broken.len() as f64,
        ];
        let words = [
            self.frame.language.pick(
                format!("Terminal, {}", count(lines.len(), "line")),
                format!("终端，{} 行", lines.len()),
            ),
            self.frame.language.pick("last ", "最后一行").to_string()
                + &self.frame.language.quote(last),
        ];
        Ok(svg.finish(size, self.frame.described(&words)))
    }
}

/// A line in pieces that fit, broken at spaces; what continues it is indented.
fn wrapped(line: &str) -> Vec<String> {
    let mut pieces = vec![];
    let mut rest = line.to_string();
    while rest.trim_end_matches([BLOCK, ' ']).chars().count() > COLUMNS {
        let limit = rest.char_indices().nth(COLUMNS).map_or(rest.len(), |c| c.0);
        let indent = rest.len() - rest.trim_start().len();
        let cut = rest[..limit].rfind(' ').filter(|cut| *cut > indent);
        let cut = cut.unwrap_or(limit);
        let next = format!("         {}", rest[cut..].trim_start());
        rest.truncate(cut);
        pieces.push(std::mem::replace(&mut rest, next));
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_and_nothing_is_lost() {
        let long = "word ".repeat(60);
        let pieces = wrapped(&long);
        assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.chars().count() <= COLUMNS));
        assert_eq!(pieces.join(" ").split_whitespace().count(), 60);
        // Without a space it is cut anywhere.
        assert_eq!(
            wrapped(&"字".repeat(100)).concat().matches('字').count(),
            100
        );
    }

    #[test]
    fn an_empty_screen_is_refused() {
        assert!(screen("").draw().is_err());
        assert!(screen(&"line\n".repeat(101)).draw().is_err());
    }

    #[test]
    fn blocks_become_a_bar() -> Result<()> {
        let figure = screen("4  90 %  ████").draw()?;
        assert!(!figure.svg().contains(BLOCK) && figure.svg().contains(">4  90 %</text>"));
        assert!(figure.svg().contains(r#"width="15.6" height="12""#));
        Ok(())
    }
}
