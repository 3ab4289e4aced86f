//! Where a model's bytes are while it runs: on the disk, in the file cache, in the process.

use super::computation::shape;
use llama3::plot::canvas::{Paint, Pen, Svg, Type};
use llama3::plot::numbers::Unit;
use llama3::plot::{Draw, Figure, Frame, Language};
use llama3::{Config, Error, Result};

/// One moment of a pass over a mapped model: block `layer` computes.
pub fn in_place(config: &Config, layer: usize) -> InPlace {
    InPlace {
        config: config.clone(),
        layer,
        frame: Frame::default(),
    }
}

/// See [`in_place`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct InPlace {
    config: Config,
    layer: usize,
    frame: Frame,
}

/// The strips.
const LEFT: f64 = 20.0;
const WIDE: f64 = 444.0;
const HIGH: f64 = 30.0;
/// From one strip to the next.
const STEP: f64 = 112.0;

/// The file's parts in their order, in bytes of bf16.
struct Parts {
    table: f64,
    block: f64,
    output: f64,
    n_layers: usize,
}

impl Parts {
    fn of(config: &Config) -> Parts {
        let bytes = |shape: Vec<usize>| 2.0 * shape.iter().product::<usize>() as f64;
        let all = config.tensors().into_iter();
        let first = all.filter(|(name, _)| name.starts_with("layers.0."));
        let table = bytes(shape(config, "tok_embeddings"));
        Parts {
            table,
            block: first.map(|(_, shape)| bytes(shape)).sum(),
            output: if config.tied_output { 0.0 } else { table },
            n_layers: config.n_layers,
        }
    }

    fn whole(&self) -> f64 {
        self.table + self.block * self.n_layers as f64 + self.output
    }

    /// Where block `layer` begins, and how wide it is.
    fn block(&self, layer: usize) -> [f64; 2] {
        let scale = WIDE / self.whole();
        let start = self.table + self.block * layer as f64;
        [LEFT + start * scale, self.block * scale]
    }
}

impl Draw for InPlace {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        let (n, layer) = (self.config.n_layers, self.layer);
        if layer + 1 >= n || self.config.dim == 0 || self.config.vocab_size == 0 {
            return Err(Error::Argument(format!(
                "in_place: layer {layer} of {n}; it takes one that another follows"
            )));
        }
        let parts = Parts::of(&self.config);
        let mut svg = Svg::new(&self.frame.title);
        let top = if self.frame.title.is_empty() {
            30.0
        } else {
            66.0
        };
        let rows @ [.., process] = [0.0, 1.0, 2.0].map(|i| top + i * STEP);
        self.strips(&mut svg, &parts, rows);
        self.ways(&mut svg, &parts, rows);
        let size = Unit::Bytes.show(parts.whole());
        let block = Unit::Bytes.show(parts.block);
        let headings = match self.frame.language {
            Language::En => [
                format!("the file on the disk: {size}"),
                "the system's file cache: as much as there is room for".into(),
                format!("this process: the block at work, {block}, and a small heap"),
            ],
            Language::Zh => [
                format!("磁盘上的文件：{size}"),
                "系统的文件缓存：有多少空余就放多少".into(),
                format!("本进程：正在计算的块，{block}，外加一小块堆"),
            ],
        };
        for (y, words) in rows.iter().zip(&headings) {
            svg.text([LEFT, y - 8.0], Type::size(12.5).bold(), words);
        }
        let bottom = self.legend(&mut svg, process + HIGH + 26.0);
        Ok(svg.finish([LEFT + WIDE + 20.0, bottom], self.alt(&size, &block)))
    }
}

impl InPlace {
    /// The three strips, one under the other, to one scale.
    fn strips(&self, svg: &mut Svg, parts: &Parts, [disk, cache, process]: [f64; 3]) {
        let scale = WIDE / parts.whole();
        let cut = |fill| Pen::fill(fill).edge(Paint::Panel, 1.0);
        svg.rect(
            [LEFT, disk, parts.table * scale, HIGH],
            0.0,
            cut(Paint::Series(0)),
        );
        for layer in 0..parts.n_layers {
            let [x, w] = parts.block(layer);
            svg.rect([x, disk, w, HIGH], 0.0, cut(Paint::Series(2)));
        }
        let [end, _] = parts.block(parts.n_layers);
        svg.rect(
            [end, disk, parts.output * scale, HIGH],
            0.0,
            cut(Paint::Series(5)),
        );
        for y in [cache, process] {
            let empty = Pen::fill(Paint::Box).edge(Paint::Edge, 1.0);
            svg.rect([LEFT, y, WIDE, HIGH], 0.0, empty);
        }
        for layer in 0..=self.layer {
            let [x, w] = parts.block(layer);
            svg.rect([x, cache, w, HIGH], 0.0, cut(Paint::Series(2)));
        }
        let [x, w] = parts.block(self.layer + 1);
        svg.rect([x, cache, w, HIGH], 0.0, cut(Paint::Series(4)));
        let [x, w] = parts.block(self.layer);
        svg.rect([x, process, w, HIGH], 0.0, cut(Paint::Series(2)));
        svg.rect([LEFT, process, 3.0, HIGH], 0.0, Pen::fill(Paint::Series(1)));
    }

    /// What moves: the next block from the disk, this one from the cache.
    fn ways(&self, svg: &mut Svg, parts: &Parts, [disk, cache, process]: [f64; 3]) {
        let early = self.frame.language.pick(
            ["asked for early: it is read", "while this block computes"],
            ["提前要来：", "这一块在算，下一块在读"],
        );
        let mapped = self.frame.language.pick(
            [
                "mapped: the same pages,",
                "not a copy; given back after use",
            ],
            ["映射：就是这些页，不是副本；", "用完就还"],
        );
        let ways = [
            (self.layer + 1, [disk, cache], early),
            (self.layer, [cache, process], mapped),
        ];
        for (layer, [from, to], notes) in ways {
            let [x, w] = parts.block(layer);
            let (x, from) = (x + w / 2.0, from + HIGH + 4.0);
            svg.arrow(&[[x, from], [x, to - 26.0]], Pen::line(Paint::Ink, 1.3));
            for (note, y) in notes.iter().zip([from + 17.0, from + 32.0]) {
                svg.text([x + 10.0, y], Type::size(11.5).mute(), note);
            }
        }
    }

    /// What the colours mean; returns the lower edge.
    fn legend(&self, svg: &mut Svg, mut y: f64) -> f64 {
        let block = self.layer;
        let lines = match self.frame.language {
            Language::En => [
                (
                    0,
                    "the embedding table: only the rows of the tokens are read".to_string(),
                ),
                (2, format!("the blocks; block {block} is at work")),
                (4, format!("block {}, on its way", block + 1)),
                (5, "the output matrix, read at the end".to_string()),
                (1, "the heap: KV cache and activations".to_string()),
            ],
            Language::Zh => [
                (0, "嵌入表：只读这些词元的行".to_string()),
                (2, format!("各个块；正在计算的是第 {block} 块")),
                (4, format!("第 {} 块，正在路上", block + 1)),
                (5, "输出矩阵，最后才读".to_string()),
                (1, "堆：KV 缓存和激活值".to_string()),
            ],
        };
        for (i, line) in &lines {
            if *i == 5 && self.config.tied_output {
                continue;
            }
            svg.rect(
                [LEFT, y - 10.0, 11.0, 11.0],
                2.0,
                Pen::fill(Paint::Series(*i)),
            );
            svg.text([LEFT + 18.0, y], Type::size(12.0), line);
            y += 20.0;
        }
        y
    }

    fn alt(&self, size: &str, block: &str) -> String {
        let (layer, next) = (self.layer, self.layer + 1);
        let words = match self.frame.language {
            Language::En => format!(
                "Three strips to one scale: the file on the disk, {size}; the system's file cache, \
                 which holds what was read so far and receives block {next}; the process, which \
                 holds block {layer}, {block}, and a small heap"
            ),
            Language::Zh => format!(
                "三条同一比例的长条：磁盘上的文件，{size}；系统的文件缓存，留着已经读过的部分，\
                 正在读入第 {next} 块；本进程，只占第 {layer} 块（{block}）和一小块堆"
            ),
        };
        self.frame.described(&[words])
    }
}
