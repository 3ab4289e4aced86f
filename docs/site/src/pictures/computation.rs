//! The whole computation, top to bottom, with every matrix drawn to one scale.

mod block;
mod sheet;
mod sum;

use llama3::plot::{Figure, Frame};
use llama3::{Config, Language};
use sheet::{Kind, LEFT, RIGHT, STEM, Sheet, in_bf16, shown};

/// A model's whole computation: the residual stream as a spine, every matrix beside it with its
/// shape, its parameters and its bytes in bf16, all areas to one scale. The token that comes out is
/// named if it is always the same.
pub fn computation(config: &Config, answer: Option<&str>, frame: Frame) -> Figure {
    let mut sheet = Sheet::new(config, &frame);
    sheet.heading();
    sheet.step([LEFT, RIGHT], frame.pick("T tokens", "T 个词元"), "[T]");
    sheet.arrow_down(LEFT + STEM);
    let note = frame.pick("each token picks its row", "每个词元取出自己的一行");
    sheet.table("tok_embeddings", Kind::Embedding, note);
    sheet.start_spine();

    sheet.start_block();
    sheet.attention();
    sheet.feed_forward();
    sheet.end_block();

    sheet.norm("norm");
    sheet.arrow_down(LEFT + STEM);
    let note = if config.tied_output {
        frame.pick("the embedding table, used again", "就是嵌入表，再用一次")
    } else {
        frame.pick("each row scores one token", "每一行给一个词元打分")
    };
    sheet.table("output", Kind::Output, note);
    sheet.arrow_down(LEFT + STEM);
    let logits = format!("[T, {}]", config.vocab_size);
    sheet.step([LEFT, RIGHT], "logits", &logits);
    sheet.arrow_down(LEFT + STEM);
    let largest = frame.pick("the largest logit", "logit 最大的那个");
    let next = frame.pick("the next token", "下一个词元");
    let colon = frame.pick(": ", "：");
    let end = answer.map_or(next.into(), |token| format!("{next}{colon}{token}"));
    sheet.step([LEFT, RIGHT], &end, largest);

    sheet.totals();
    let size = [RIGHT + 24.0, sheet.y + 14.0];
    sheet.svg.finish(size, frame.described(&words(config, &end, frame.language)))
}

/// The matrices of a block, in the order in which they are used.
const BLOCK: [&str; 9] = ["attention_norm", "wq", "wk", "wv", "wo", "ffn_norm", "w1", "w3", "w2"];

/// The same for whoever cannot see it.
fn words(c: &Config, end: &str, language: Language) -> [String; 4] {
    let matrix = |name: &str| format!("{name} {:?}", shape(c, name));
    let block = BLOCK.map(matrix).join(language.pick(", ", "、"));
    let (first, last) = (matrix("tok_embeddings"), matrix("output"));
    let (n, dim, vocab) = (c.n_layers, c.dim, c.vocab_size);
    let (total, bytes) = (shown(c.n_params()), in_bf16(c.n_params()));
    match language {
        Language::En => [
            format!("The whole computation, top to bottom: T tokens, {first}, then {n} blocks"),
            format!(
                "each block has {block} and adds its attention and its feed-forward to the \
                 residual stream [T, {dim}]"
            ),
            format!("then norm, {last}, logits [T, {vocab}], {end}"),
            format!("together {total} parameters, {bytes} in bf16"),
        ],
        Language::Zh => [
            format!("计算全图，从上到下：T 个词元，{first}，然后是 {n} 个块"),
            format!("每个块有 {block}，先后把注意力和前馈网络的结果加回残差流 [T, {dim}]"),
            format!("最后是 norm、{last}、logits [T, {vocab}]、{end}"),
            format!("共 {total} 个参数，bf16 占 {bytes}"),
        ],
    }
}

/// The shape of a matrix by the end of its name. A tied output is the embedding table.
fn shape(config: &Config, name: &str) -> Vec<usize> {
    let name = if name == "output" && config.tied_output { "tok_embeddings" } else { name };
    let is_it = |full: &str| full.trim_end_matches(".weight").rsplit('.').next() == Some(name);
    let mut tensors = config.tensors().into_iter();
    let found = tensors.find(|(full, _)| is_it(full));
    found.map(|(_, shape)| shape).unwrap_or_default()
}

/// How many numbers the tensors hold whose names begin like this.
pub fn n_numbers(config: &Config, begin: &str) -> usize {
    let tensors = config.tensors().into_iter();
    let mine = tensors.filter(|(name, _)| name.starts_with(begin));
    mine.map(|(_, shape)| shape.iter().product::<usize>()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The areas are a promise: they are in proportion to the parameters.
    #[test]
    fn the_computation_is_drawn_to_scale() {
        let config = Config::named("llama-3-8b").unwrap();
        let figure = computation(&config, None, Frame::default());
        let svg = roxmltree::Document::parse(figure.svg()).unwrap();
        let area = |class: &str, height: f64| {
            let side = |rect: &roxmltree::Node, name| {
                rect.attribute(name).unwrap().parse::<f64>().unwrap()
            };
            let rects = svg.descendants().filter(|e| e.attribute("rx") == Some("1.5"));
            let mine = rects.filter(|e| e.attribute("class") == Some(class));
            mine.filter(|e| side(e, "height") >= height)
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
