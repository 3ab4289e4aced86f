//! Where a model's bytes are while it runs: on the disk, in the file cache, in the process.

use super::computation::n_numbers;
use llama3::plot::canvas::{Paint, Pen, Svg, Type};
use llama3::plot::numbers::Unit;
use llama3::plot::{Figure, Frame};
use llama3::{Config, Language};

/// The strips: where they begin, how wide and how high they are.
const LEFT: f64 = 20.0;
const WIDTH: f64 = 444.0;
const HEIGHT: f64 = 30.0;
/// From one strip to the next.
const STEP: f64 = 112.0;
/// The upper edges of the file, the system's cache and the process.
const STRIPS: [f64; 3] = [66.0, 66.0 + STEP, 66.0 + 2.0 * STEP];

/// One moment of a pass over a mapped model: block `layer` computes, and the next one is on its way.
pub fn in_place(config: &Config, layer: usize, frame: Frame) -> Figure {
    let mut picture =
        Picture { svg: frame.svg(), file: Layout::of(config), layer, language: frame.language };
    picture.strips();
    picture.ways();
    let size = Unit::Bytes.show(picture.file.whole());
    let block = Unit::Bytes.show(picture.file.block);
    picture.headings(&size, &block);
    let bottom = picture.legend(STRIPS[2] + HEIGHT + 26.0);
    let words = picture.words(&size, &block);
    let size = [LEFT + WIDTH + 20.0, bottom];
    picture.svg.finish(size, frame.described(&[words]))
}

/// What lies in the file, in this order, in bytes of bf16.
struct Layout {
    table: f64,
    block: f64,
    output: f64,
    n_layers: usize,
}

impl Layout {
    fn of(config: &Config) -> Layout {
        let bytes = |begin| 2.0 * n_numbers(config, begin) as f64;
        Layout {
            table: bytes("tok_embeddings."),
            block: bytes("layers.0."),
            output: bytes("output."),
            n_layers: config.n_layers,
        }
    }

    fn whole(&self) -> f64 {
        self.table + self.block * self.n_layers as f64 + self.output
    }

    /// Where block `layer` begins in a strip, and how wide it is.
    fn block(&self, layer: usize) -> [f64; 2] {
        let scale = WIDTH / self.whole();
        let start = self.table + self.block * layer as f64;
        [LEFT + start * scale, self.block * scale]
    }
}

struct Picture {
    svg: Svg,
    file: Layout,
    layer: usize,
    language: Language,
}

impl Picture {
    fn piece(&mut self, [x, width]: [f64; 2], y: f64, series: usize) {
        let pen = Pen::fill(Paint::Series(series)).edge(Paint::Panel, 1.0);
        self.svg.rect([x, y, width, HEIGHT], 0.0, pen);
    }

    /// The three strips, one under the other, to one scale.
    fn strips(&mut self) {
        let [disk, cache, process] = STRIPS;
        let scale = WIDTH / self.file.whole();
        self.piece([LEFT, self.file.table * scale], disk, 0);
        for layer in 0..self.file.n_layers {
            self.piece(self.file.block(layer), disk, 2);
        }
        let [end, _] = self.file.block(self.file.n_layers);
        self.piece([end, self.file.output * scale], disk, 5);
        for y in [cache, process] {
            let empty = Pen::fill(Paint::Box).edge(Paint::Edge, 1.0);
            self.svg.rect([LEFT, y, WIDTH, HEIGHT], 0.0, empty);
        }
        for layer in 0..=self.layer {
            self.piece(self.file.block(layer), cache, 2);
        }
        self.piece(self.file.block(self.layer + 1), cache, 4);
        self.piece(self.file.block(self.layer), process, 2);
        let heap = [LEFT, process, 3.0, HEIGHT];
        self.svg.rect(heap, 0.0, Pen::fill(Paint::Series(1)));
    }

    /// What moves: the next block from the disk, this one from the cache.
    fn ways(&mut self) {
        let early = self.language.pick(
            ["asked for early: it is read", "while this block computes"],
            ["提前要来：", "这一块在算，下一块在读"],
        );
        let mapped = self.language.pick(
            ["mapped: the same pages,", "not a copy; given back after use"],
            ["映射：就是这些页，不是副本；", "用完就还"],
        );
        let [disk, cache, process] = STRIPS;
        let ways = [(self.layer + 1, [disk, cache], early), (self.layer, [cache, process], mapped)];
        for (layer, [from, to], notes) in ways {
            let [x, width] = self.file.block(layer);
            let (x, from) = (x + width / 2.0, from + HEIGHT + 4.0);
            let ends = [[x, from], [x, to - 26.0]];
            self.svg.arrow(&ends, Pen::line(Paint::Ink, 1.3));
            for (note, y) in notes.iter().zip([from + 17.0, from + 32.0]) {
                self.svg.text([x + 10.0, y], Type::size(11.5).mute(), note);
            }
        }
    }

    fn headings(&mut self, size: &str, block: &str) {
        let headings = match self.language {
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
        for (y, words) in STRIPS.iter().zip(&headings) {
            self.svg.text([LEFT, y - 8.0], Type::size(12.5).bold(), words);
        }
    }

    /// What the colours mean; returns the lower edge.
    fn legend(&mut self, mut y: f64) -> f64 {
        let (layer, next) = (self.layer, self.layer + 1);
        let lines = match self.language {
            Language::En => [
                (0, "the embedding table: only the rows of the tokens are read".to_string()),
                (2, format!("the blocks; block {layer} is at work")),
                (4, format!("block {next}, on its way")),
                (5, "the output matrix, read at the end".to_string()),
                (1, "the heap: KV cache and activations".to_string()),
            ],
            Language::Zh => [
                (0, "嵌入表：只读这些词元的行".to_string()),
                (2, format!("各个块；正在计算的是第 {layer} 块")),
                (4, format!("第 {next} 块，正在路上")),
                (5, "输出矩阵，最后才读".to_string()),
                (1, "堆：KV 缓存和激活值".to_string()),
            ],
        };
        for (series, line) in &lines {
            let swatch = [LEFT, y - 10.0, 11.0, 11.0];
            self.svg.rect(swatch, 2.0, Pen::fill(Paint::Series(*series)));
            self.svg.text([LEFT + 18.0, y], Type::size(12.0), line);
            y += 20.0;
        }
        y
    }

    /// The same for whoever cannot see it.
    fn words(&self, size: &str, block: &str) -> String {
        let (layer, next) = (self.layer, self.layer + 1);
        match self.language {
            Language::En => format!(
                "Three strips to one scale: the file on the disk, {size}; the system's file cache, \
                 which holds what was read so far and receives block {next}; the process, which \
                 holds block {layer}, {block}, and a small heap"
            ),
            Language::Zh => format!(
                "三条同一比例的长条：磁盘上的文件，{size}；系统的文件缓存，留着已经读过的部分，\
                 正在读入第 {next} 块；本进程，只占第 {layer} 块（{block}）和一小块堆"
            ),
        }
    }
}
