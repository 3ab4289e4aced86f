//! The map: the whole computation on one page, with the parts of one chapter lit.

use super::canvas::{Paint, Pen, Svg, Type, polyline};
use super::map_layout::{ATTENTION, CACHE, CHAPTERS, FEED, IN, NOTES, OUT, PARTS, Part, WIRES};
use super::{Draw, Figure, Language};
use crate::error::{Error, Result};

/// The map of the whole computation with one chapter's parts lit, 1 to 10.
///
/// ```
/// # use llama3::plot::*;
/// let figure = map(6).draw()?;
/// assert!(figure.alt().starts_with("Map of the computation"));
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn map(chapter: usize) -> Map {
    Map {
        chapter,
        language: Language::current(),
    }
}

/// See [`map`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Map {
    chapter: usize,
    language: Language,
}

impl Map {
    /// The language of the map, if it is not the session's.
    pub fn language(mut self, language: Language) -> Map {
        self.language = language;
        self
    }

    fn lit(&self, chapter: usize) -> bool {
        // Chapter 9 changes any part of a block and watches the rest; it explains none of its own.
        match self.chapter {
            9 => matches!(chapter, 4..=7),
            _ => chapter == self.chapter,
        }
    }

    fn pen(&self, lit: bool) -> Pen {
        if lit {
            Pen::line(Paint::Accent, 2.0)
        } else {
            Pen::line(Paint::Mute, 1.1)
        }
    }

    fn title(&self) -> String {
        let (n, (en, zh)) = (self.chapter, CHAPTERS[self.chapter - 1]);
        self.language
            .pick(format!("Chapter {n}: {en}"), format!("第 {n} 章：{zh}"))
    }

    fn alt(&self) -> String {
        let words = |part: &Part| {
            let both = (
                part.words.0.replace('/', " "),
                part.words.1.replace('/', ""),
            );
            self.language.pick(both.0, both.1)
        };
        let mut lit: Vec<String> = PARTS
            .iter()
            .filter(|p| self.lit(p.chapter))
            .map(words)
            .collect();
        lit.dedup();
        let (title, lit) = (self.title(), lit.join(self.language.pick(", ", "、")));
        self.language.pick(
            format!(
                "Map of the computation. {title}. Lit: {lit}. Text becomes tokens, embedding, then \
                 n_layers blocks (RMSNorm, attention, add to the residual stream, RMSNorm, SwiGLU, \
                 add to the residual stream), then RMSNorm, output, logits and the next token"
            ),
            format!(
                "计算全图。{title}。亮起的部分：{lit}。文本变成词元，再变成嵌入，经过 n_layers 个块\
                 （RMSNorm、注意力、加回残差流、RMSNorm、SwiGLU、加回残差流），最后经过 RMSNorm、\
                 输出矩阵、logits，得到下一个词元"
            ),
        )
    }

    fn draw_part(&self, svg: &mut Svg, part: &Part) {
        let ([x, y, w], lit) = (part.at, self.lit(part.chapter));
        let words = self.language.pick(part.words.0, part.words.1);
        let lines: Vec<&str> = words.split('/').collect();
        let half = if y == CACHE { 14.0 } else { 21.0 };
        let pen = match lit {
            true => Pen::fill(Paint::Lit).edge(Paint::Accent, 2.0),
            false => Pen::fill(Paint::Box).edge(Paint::Edge, 1.0),
        };
        svg.rect([x, y - half, w, 2.0 * half], 7.0, pen);
        let style = if lit {
            Type::size(12.0).bold()
        } else {
            Type::size(12.0)
        };
        for (i, line) in lines.iter().enumerate() {
            let y = y + 4.5 + (i as f64 - (lines.len() as f64 - 1.0) / 2.0) * 15.0;
            svg.text([x + w / 2.0, y], style.middle(), line);
        }
    }

    /// The frame of the block that is repeated, with its name.
    fn draw_frame(&self, svg: &mut Svg) {
        let pen = if self.chapter == 8 {
            Pen::line(Paint::Accent, 2.0)
        } else {
            Pen::line(Paint::Edge, 1.2)
        };
        svg.rect([26.0, 132.0, 690.0, 276.0], 12.0, pen);
        let words = self.language.pick(
            "one block; repeated: × n_layers",
            "一个块；重复：× n_layers",
        );
        let style = Type::size(12.0).end().bold();
        svg.text(
            [704.0, 398.0],
            style.paint(if self.chapter == 8 {
                Paint::Accent
            } else {
                Paint::Mute
            }),
            words,
        );
    }

    /// The residual stream passes over a row's boxes to the ⊕ behind them.
    fn draw_arc(&self, svg: &mut Svg, [y, top, plus]: [f64; 3]) {
        let pen = self.pen(self.lit(7));
        let (a, b) = (58.0, plus);
        let d = polyline(&[[a, y], [a, top + 14.0]])
            + &format!(
                "Q{a} {top} {} {top}H{}Q{b} {top} {b} {}",
                a + 14.0,
                b - 14.0,
                top + 14.0
            );
        svg.path(&d, pen);
        svg.arrow(&[[b, top + 14.0], [b, y - 11.0]], pen);
        svg.circle(
            [a, y, 3.0],
            Pen::fill(if self.lit(7) {
                Paint::Accent
            } else {
                Paint::Mute
            }),
        );
        let fill = if self.lit(7) { Paint::Lit } else { Paint::Box };
        svg.circle(
            [b, y, 11.0],
            Pen::fill(fill).edge(
                if self.lit(7) {
                    Paint::Accent
                } else {
                    Paint::Mute
                },
                1.5,
            ),
        );
        svg.text([b, y + 5.5], Type::size(16.0).middle(), "+");
        let words = self.language.pick("residual stream x", "残差流 x");
        svg.text(
            [(a + b) / 2.0, top - 5.0],
            Type::size(11.0).middle().mute(),
            words,
        );
    }

    /// The loop from the next token back to the tokens, and what the checkpoint feeds.
    fn draw_long_ways(&self, svg: &mut Svg) {
        let back = [
            [550.0, OUT],
            [728.0, OUT],
            [728.0, 48.0],
            [212.0, 48.0],
            [212.0, IN - 21.0],
        ];
        svg.arrow(&back, self.pen(self.lit(10)).dashed(true));
        let words = self
            .language
            .pick("append it, once more", "接到末尾，再来一遍");
        svg.text([640.0, OUT - 7.0], Type::size(11.0).middle().mute(), words);
        let weights = self.pen(self.lit(2)).dashed(true);
        svg.arrow(&[[560.0, IN], [404.0, IN]], weights);
        svg.arrow(&[[627.0, IN + 21.0], [627.0, 132.0]], weights);
        svg.arrow(&[[284.0, OUT], [312.0, OUT]], self.pen(self.lit(10)));
    }
}

impl Draw for Map {
    fn draw(&self) -> Result<Figure> {
        if !(1..=CHAPTERS.len()).contains(&self.chapter) {
            let n = self.chapter;
            return Err(Error::Argument(format!(
                "map: there is no chapter {n}; there are 1 to 10"
            )));
        }
        let mut svg = Svg::new(&self.title());
        self.draw_frame(&mut svg);
        for (points, chapter) in WIRES {
            svg.arrow(points, self.pen(self.lit(chapter)));
        }
        self.draw_long_ways(&mut svg);
        self.draw_arc(&mut svg, [ATTENTION, 172.0, 649.0]);
        self.draw_arc(&mut svg, [FEED, 334.0, 447.0]);
        for part in &PARTS {
            self.draw_part(&mut svg, part);
        }
        for (x, y, words) in NOTES {
            svg.text([x, y], Type::size(11.0).middle().mute(), words);
        }
        Ok(svg.finish([742.0, OUT + 38.0], self.alt()))
    }
}
