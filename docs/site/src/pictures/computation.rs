//! The whole computation, top to bottom, with every matrix drawn to one scale.

mod block;
mod sheet;
mod sum;

use llama3::plot::numbers::{Unit, short};
use llama3::plot::{Draw, Figure, Frame, Language, text};
use llama3::{Config, Error, Result};
use sheet::{Kind, LEFT, Page, RIGHT, STEM};
use sum::sum_by_kind;

/// A model's whole computation: the residual stream as a spine, every matrix beside it with its
/// shape, its parameters and its bytes in bf16, all areas to one scale.
pub fn computation(config: &Config) -> Computation {
    Computation {
        config: config.clone(),
        answer: None,
        frame: Frame::default(),
    }
}

/// See [`computation`].
#[derive(Clone, Debug)]
#[must_use = "a figure is drawn by .draw()?, or by being the last expression of a cell"]
pub struct Computation {
    config: Config,
    answer: Option<String>,
    frame: Frame,
}

impl Computation {
    /// The token that comes out at the end, where it is known.
    pub fn answer(mut self, token: impl AsRef<str>) -> Self {
        self.answer = Some(text::visible(token.as_ref()));
        self
    }

    /// Sizes that can be drawn: none is 0, and none dwarfs the others.
    fn check(&self) -> Result<()> {
        let c = &self.config;
        let sizes = [c.dim, c.n_layers, c.n_heads, c.n_kv_heads, c.head_dim];
        let wide = [c.hidden_dim, c.vocab_size];
        let fits = |n: &usize| (1..=1 << 24).contains(n);
        match sizes.iter().chain(&wide).all(fits) && c.n_heads.is_multiple_of(c.n_kv_heads) {
            true => Ok(()),
            false => Err(Error::Argument(format!(
                "computation: these are not the sizes of a Llama: {c:?}"
            ))),
        }
    }

    fn alt(&self) -> String {
        let c = &self.config;
        let matrix = |name: &str| format!("{name} {:?}", shape(c, name));
        let block: Vec<String> = BLOCK.map(matrix).into();
        let (block, n) = (block.join(self.frame.language.pick(", ", "、")), c.n_layers);
        let (first, last) = (matrix("tok_embeddings"), matrix("output"));
        let total = short(c.n_params() as f64);
        let bytes = Unit::Bytes.show(2.0 * c.n_params() as f64);
        let end = self.end();
        let words = match self.frame.language {
            Language::En => [
                format!("The whole computation, top to bottom: T tokens, {first}, then {n} blocks"),
                format!(
                    "each block has {block} and adds its attention and its feed-forward to the residual stream [T, {}]",
                    c.dim
                ),
                format!("then norm, {last}, logits [T, {}], {end}", c.vocab_size),
                format!("together {total} parameters, {bytes} in bf16"),
            ],
            Language::Zh => [
                format!("计算全图，从上到下：T 个词元，{first}，然后是 {n} 个块"),
                format!(
                    "每个块有 {block}，先后把注意力和前馈网络的结果加回残差流 [T, {}]",
                    c.dim
                ),
                format!("最后是 norm、{last}、logits [T, {}]、{end}", c.vocab_size),
                format!("共 {total} 个参数，bf16 占 {bytes}"),
            ],
        };
        self.frame.described(&words)
    }

    /// What the last box says.
    fn end(&self) -> String {
        let next = self.frame.language.pick("the next token", "下一个词元");
        match &self.answer {
            Some(token) => format!("{next}{}{token}", self.frame.language.pick(": ", "：")),
            None => next.to_string(),
        }
    }
}

/// The nine matrices of a block, in the order in which they are used.
const BLOCK: [&str; 9] = [
    "attention_norm",
    "wq",
    "wk",
    "wv",
    "wo",
    "ffn_norm",
    "w1",
    "w3",
    "w2",
];

/// The shape of a matrix by the last part of its name. A tied output is the embedding table.
pub(super) fn shape(config: &Config, name: &str) -> Vec<usize> {
    let stem = match name {
        "output" if config.tied_output => "tok_embeddings",
        _ => name,
    };
    let is_it = |full: &str| full.trim_end_matches(".weight").rsplit('.').next() == Some(stem);
    let all = config.tensors();
    let found = all.into_iter().find(|(full, _)| is_it(full));
    found.map(|(_, shape)| shape).unwrap_or_default()
}

impl Draw for Computation {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    fn draw(&self) -> Result<Figure> {
        self.check()?;
        let c = &self.config;
        let pick = |en, zh| self.frame.language.pick(en, zh);
        let mut page = Page::new(&self.frame.title, c, self.frame.language);
        page.heading();
        page.step([LEFT, RIGHT], pick("T tokens", "T 个词元"), "[T]");
        page.arrow_down(LEFT + STEM);
        let note = pick("each token picks its row", "每个词元取出自己的一行");
        page.table("tok_embeddings", Kind::Embedding, note);
        page.start_spine();

        page.start_frame();
        page.attention();
        page.feed_forward();
        page.end_frame();

        page.norm("norm");
        page.arrow_down(LEFT + STEM);
        let note = match c.tied_output {
            true => pick("the embedding table, used again", "就是嵌入表，再用一次"),
            false => pick("each row scores one token", "每一行给一个词元打分"),
        };
        page.table("output", Kind::Output, note);
        page.arrow_down(LEFT + STEM);
        let logits = format!("[T, {}]", c.vocab_size);
        page.step([LEFT, RIGHT], "logits", &logits);
        page.arrow_down(LEFT + STEM);
        page.step(
            [LEFT, RIGHT],
            &self.end(),
            pick("the largest logit", "logit 最大的那个"),
        );

        page.totals(&sum_by_kind(c));
        let bottom = page.y;
        let svg = page.svg;
        Ok(svg.finish([RIGHT + 24.0, bottom + 14.0], self.alt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The areas are a promise: they are in proportion to the parameters.
    #[test]
    fn the_computation_is_drawn_to_scale() {
        let config = Config::named("llama-3-8b").unwrap();
        let figure = computation(&config).language(Language::En).draw().unwrap();
        let svg = roxmltree::Document::parse(figure.svg()).unwrap();
        let area = |class: &str, height: f64| {
            let side = |rect: &roxmltree::Node, name| {
                rect.attribute(name).unwrap().parse::<f64>().unwrap()
            };
            let mine = svg
                .descendants()
                .filter(|e| e.attribute("class") == Some(class));
            mine.filter(|e| e.attribute("rx") == Some("1.5") && side(e, "height") >= height)
                .map(|e| side(&e, "width") * side(&e, "height"))
                .sum::<f64>()
        };
        // w1, w2 and w3 against the embedding table; wq and wo, without the flat wk and wv, against it.
        let table = area("l3f-s0", 20.0);
        let expected = 3.0 * 14336.0 / 128256.0;
        assert!((area("l3f-s2", 0.0) / table / expected - 1.0).abs() < 0.01);
        let expected = 2.0 * 4096.0 / 128256.0;
        assert!((area("l3f-s1", 20.0) / table / expected - 1.0).abs() < 0.01);
    }
}
