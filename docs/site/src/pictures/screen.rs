//! What a program printed, as a picture of a terminal.

use llama3::Language;
use llama3::plot::canvas::{Paint, Pen, Svg, Type};
use llama3::plot::{Figure, Frame, count};

/// How many characters fit in a line before it is broken.
const COLUMNS: usize = 88;
const TYPE_SIZE: f64 = 13.0;
/// The width of a character and the height of a line.
const CELL: [f64; 2] = [7.8, 19.0];
const MARGIN: f64 = 20.0;
const BLOCK: char = '█';

/// The text of a terminal, line by line. A line that begins with `$ ` is a command; blocks (█) at
/// the end of a line are drawn as a bar; one line is written bold in the theme's accent colour.
pub fn screen(text: &str, highlight: &str, language: Language) -> Figure {
    let title = String::new();
    let frame = Frame { title, language };
    let mut svg = frame.svg();
    for x in [26.0, 44.0, 62.0] {
        svg.circle([x, 20.0, 5.5], Pen::fill(Paint::Edge));
    }
    let broken: Vec<String> = text.lines().flat_map(wrapped).collect();
    for (i, line) in broken.iter().enumerate() {
        draw_line(&mut svg, line, highlight, 50.0 + CELL[1] * i as f64);
    }
    let size = [2.0 * MARGIN + CELL[0] * COLUMNS as f64, 56.0 + CELL[1] * broken.len() as f64];
    let (n, last) = (text.lines().count(), text.lines().last().unwrap_or_default());
    let last = language.quote(last.trim_end_matches([BLOCK, ' ']));
    let words = [
        frame.pick(format!("Terminal, {}", count(n, "line")), format!("终端，{n} 行")),
        frame.pick(format!("last {last}"), format!("最后一行{last}")),
    ];
    svg.finish(size, frame.described(&words))
}

fn draw_line(svg: &mut Svg, line: &str, highlight: &str, y: f64) {
    let text = line.trim_end_matches([BLOCK, ' ']);
    let width = |n_chars: usize| n_chars as f64 * CELL[0];
    let style = Type::size(TYPE_SIZE);
    let style = if text == highlight {
        style.bold().paint(Paint::Accent)
    } else if text.starts_with("$ ") {
        style.bold()
    } else {
        style
    };
    svg.columns([MARGIN, y], style, text, width(text.chars().count()));
    let n_blocks = line.chars().filter(|c| *c == BLOCK).count();
    if n_blocks > 0 {
        let x = MARGIN + width(line.chars().count() - n_blocks);
        // A block is half a character wide here: the longest bar has 40 of them.
        let bar = [x, y - 10.0, width(n_blocks) / 2.0, 12.0];
        svg.rect(bar, 2.0, Pen::fill(Paint::Series(0)));
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
        let pieces = wrapped(&"字".repeat(100));
        assert_eq!(pieces.concat().matches('字').count(), 100);
    }

    #[test]
    fn blocks_become_a_bar() {
        let figure = screen("4  90 %  ████", "", Language::En);
        assert!(!figure.svg().contains(BLOCK) && figure.svg().contains(">4  90 %</text>"));
        assert!(figure.svg().contains(r#"width="15.6" height="12""#));
        assert_eq!(figure.alt(), "Terminal, 1 line; last ‘4  90 %’");
    }
}
