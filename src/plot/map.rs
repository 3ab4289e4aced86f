//! The map: the whole computation on one page, with the parts of one chapter lit.

use super::canvas::{Paint, Pen, Type};
use super::chips::{self, Chip};
use super::drawing::{Element, elements};
use super::{Draw, Figure, Frame, ensure, owned};
use crate::error::Result;

/// What stands where, and which chapter explains it.
const DRAWING: &str = include_str!("map.svg");

/// The chapters' titles.
const CHAPTERS: [(&str, &str); 10] = [
    ("Text to tokens", "从文本到词元"),
    ("Opening the model", "打开模型"),
    ("Embedding and RMSNorm", "嵌入与 RMSNorm"),
    ("Queries, keys, values", "查询、键、值"),
    ("RoPE", "RoPE"),
    ("Scores, mask, softmax", "分数、掩码、softmax"),
    ("All heads, and the first block", "所有注意力头与第一个块"),
    ("All layers, and 42", "走完所有层，得到 42"),
    ("What if?", "如果……会怎样？"),
    ("KV cache", "KV 缓存"),
];

/// The map of the whole computation with one chapter's parts lit, 1 to 10.
///
/// ```
/// # use llama3::plot::*;
/// let figure = map(6).draw()?;
/// assert!(figure.alt().starts_with("Map of the computation"));
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn map(chapter: usize) -> Map {
    Map { frame: Frame::default(), chapter, prompt: vec![] }
}

/// See [`map`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Map {
    frame: Frame,
    chapter: usize,
    prompt: Vec<Chip>,
}

impl Map {
    /// The prompt above the map: its tokens and their ids, as chips.
    pub fn prompt<S: AsRef<str>>(self, labels: &[S], ids: &[u32]) -> Map {
        let chips = owned(labels).into_iter().zip(ids);
        let prompt = chips.map(|(token, id)| Chip { token, id: id.to_string() }).collect();
        Map { prompt, ..self }
    }

    fn lit(&self, element: Element) -> bool {
        let chapter: usize = element.get("data-chapter").parse().unwrap_or(0);
        match self.chapter {
            // It changes any part of a block and watches the rest; it explains none of its own.
            9 => (4..=7).contains(&chapter),
            mine => chapter == mine,
        }
    }

    /// The words of the lit boxes, from the first to the last.
    fn lit_words(&self) -> String {
        let elements = elements(DRAWING, self.frame.language);
        let boxes = elements.filter(|e| e.get("class") == "box" && self.lit(*e));
        let words = boxes.map(|e| e.words().replace('/', self.frame.pick(" ", "")));
        let mut words: Vec<String> = words.filter(|words| !words.is_empty()).collect();
        words.dedup();
        words.join(self.frame.pick(", ", "、"))
    }

    fn alt(&self, title: &str) -> String {
        let lit = self.lit_words();
        let stop = if title.ends_with(['?', '？']) { "" } else { self.frame.pick(".", "。") };
        self.frame.pick(
            format!(
                "Map of the computation. {title}{stop} Lit: {lit}. Text becomes tokens, embedding, then \
                 n_layers blocks (RMSNorm, attention, add to the residual stream, RMSNorm, SwiGLU, \
                 add to the residual stream), then RMSNorm, output, logits and the next token"
            ),
            format!(
                "计算全图。{title}{stop}亮起的部分：{lit}。文本变成词元，再变成嵌入，经过 n_layers 个块\
                 （RMSNorm、注意力、加回残差流、RMSNorm、SwiGLU、加回残差流），最后经过 RMSNorm、\
                 输出矩阵、logits，得到下一个词元"
            ),
        )
    }
}

/// How a shape is drawn that is not lit, and one that is.
fn pens(class: &str) -> [Pen; 2] {
    let (mute, accent) = (Pen::line(Paint::Mute, 1.1), Pen::line(Paint::Accent, 2.0));
    let (dark, light) = (Pen::fill(Paint::Box), Pen::fill(Paint::Lit));
    match class {
        "box" => [dark.edge(Paint::Edge, 1.0), light.edge(Paint::Accent, 2.0)],
        "plus" => [dark.edge(Paint::Mute, 1.5), light.edge(Paint::Accent, 1.5)],
        "dot" => [Pen::fill(Paint::Mute), Pen::fill(Paint::Accent)],
        "frame" => [Pen::line(Paint::Edge, 1.2), accent],
        "dashed" => [mute.dashed(true), accent.dashed(true)],
        _ => [mute, accent],
    }
}

/// How a text is set that is not lit, and one that is.
fn types(class: &str) -> [Type; 2] {
    let middle = Type::size(12.0).middle();
    let name = Type::size(12.0).end().bold();
    match class {
        "box" => [middle, middle.bold()],
        "name" => [name.mute(), name.paint(Paint::Accent)],
        "plus" => [Type::size(16.0).middle(); 2],
        _ => [Type::size(11.0).middle().mute(); 2],
    }
}

impl Draw for Map {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        let n = self.chapter;
        ensure((1..=CHAPTERS.len()).contains(&n), || {
            format!("map: there is no chapter {n}; there are 1 to 10")
        })?;
        let (en, zh) = CHAPTERS[n - 1];
        let mut frame = self.frame.clone();
        if frame.title.is_empty() {
            frame.title = frame.pick(format!("Chapter {n}: {en}"), format!("第 {n} 章：{zh}"));
        }
        let mut svg = frame.svg();
        let [width, height] = [742.0, 496.0];
        let down = chips::draw(&mut svg, &self.prompt, [20.0, 44.0], width - 40.0);
        svg.moved(down, |svg| {
            for element in elements(DRAWING, frame.language) {
                let (class, lit) = (element.get("class"), usize::from(self.lit(element)));
                let (pen, style) = (pens(class)[lit], types(class)[lit]);
                element.draw(svg, pen, style, element.words());
            }
        });
        let mut words = self.alt(&frame.title);
        if !self.prompt.is_empty() {
            words += frame.pick(". Above it, the prompt: ", "。上方是提示：");
            words += &chips::words(&self.prompt);
        }
        Ok(svg.finish([width, height + down], words))
    }
}
