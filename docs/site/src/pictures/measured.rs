//! The measured speed that the book shows: the last result of `benches/compare`.

use crate::files;
use anyhow::{Context, Result};
use llama3::Language;
use llama3::plot::{Draw, Figure, lines};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Where `benches/compare` writes it.
pub const FILE: &str = "docs/measured.json";
/// Where it writes what it measured of the kinds of stored numbers.
pub const KINDS: &str = "docs/measured_kinds.json";

/// One run on one machine; times are in seconds.
#[derive(Deserialize)]
pub struct Measured {
    machine: String,
    pairs: Vec<Pair>,
    growth: Vec<Length>,
    /// One token of the smaller Llamas.
    sizes: BTreeMap<String, f64>,
}

/// This crate beside another program, or beside the machine's limit.
#[derive(Deserialize)]
struct Pair {
    model: String,
    other: String,
    tokens: usize,
    ours: f64,
    theirs: f64,
    ratio: f64,
}

/// What the kinds of stored numbers cost in accuracy.
#[derive(Deserialize)]
pub struct Kinds {
    accuracy: BTreeMap<String, Distance>,
}

/// How far the logits of a kind lie from those of bf16.
#[derive(Deserialize)]
struct Distance {
    bytes: f64,
    rms: f64,
    divergence: f64,
    same_best: usize,
    positions: usize,
}

/// One more token after a text of this length.
#[derive(Deserialize)]
struct Length {
    tokens: usize,
    with: f64,
    without: f64,
    cache_bytes: f64,
}

impl Measured {
    pub fn read(root: &Path) -> Result<Measured> {
        let again = || format!("{FILE}: write it again with benches/compare DIR --json {FILE}");
        serde_json::from_str(&files::read(&root.join(FILE))?).with_context(again)
    }

    /// How the time of one more token grows with the text, with and without the KV cache.
    pub fn growth(&self, language: Language) -> Result<Figure> {
        let column = |of: fn(&Length) -> f64| self.growth.iter().map(of).collect::<Vec<_>>();
        let tokens: Vec<usize> = self.growth.iter().map(|row| row.tokens).collect();
        let (without, with) = (column(|row| row.without), column(|row| row.with));
        let figure = lines(&tokens)
            .series(language.pick("without the cache", "没有缓存"), &without)
            .series(language.pick("with the KV cache", "有 KV 缓存"), &with)
            .x_label(language.pick("tokens of text", "文本的词元数"))
            .y_label(language.pick("seconds for one more token", "再生成一个词元的秒数"))
            .log_y()
            .title(language.pick(
                "SmolLM2-135M: the time of one more token",
                "SmolLM2-135M：再生成一个词元的时间",
            ))
            .language(language);
        Ok(figure.draw()?)
    }

    /// The tables of the page on speed, in Markdown: the machine, the comparisons, the growth.
    pub fn tables(&self, language: Language) -> Result<String> {
        let text = |en: &'static str, zh: &'static str| language.pick(en, zh);
        let mut page = format!("{}{}\n\n", text("Machine: ", "机器："), self.machine);
        page += text(
            "| model | tokens in one pass | here | beside it | ratio |\n|---|---:|---:|---:|---:|\n",
            "| 模型 | 一遍的词元数 | 本项目 | 对照 | 比值 |\n|---|---:|---:|---:|---:|\n",
        );
        for row in &self.pairs {
            let [model, other] = [&row.model, &row.other].map(|key| name(key, language));
            let [ours, theirs] = [row.ours, row.theirs].map(in_words);
            let (model, other, tokens, ratio) = (model?, other?, row.tokens, row.ratio);
            let colon = text(": ", "：");
            page +=
                &format!("| {model} | {tokens} | {ours} | {other}{colon}{theirs} | {ratio:.2} |\n");
        }
        page += text(
            "\n| tokens of text | with the KV cache | without it | times faster | memory of the cache |\n|---:|---:|---:|---:|---:|\n",
            "\n| 文本的词元数 | 有 KV 缓存 | 没有缓存 | 快几倍 | 缓存占的内存 |\n|---:|---:|---:|---:|---:|\n",
        );
        for row in &self.growth {
            let [with, without] = [row.with, row.without].map(in_words);
            let (times, megabytes) = (row.without / row.with, row.cache_bytes / 1e6);
            let tokens = row.tokens;
            page +=
                &format!("| {tokens} | {with} | {without} | {times:.0} | {megabytes:.1} MB |\n");
        }
        Ok(page)
    }

    /// The time of one token in seconds, in the shapes of `llama-3.2-1b`, `llama-3.2-3b` or
    /// `llama-3-8b`.
    pub fn seconds_per_token(&self, model: &str) -> Option<f64> {
        let whole = |row: &&Pair| row.model == "8B" && row.tokens == 1;
        match model {
            "llama-3-8b" => self.pairs.iter().find(whole).map(|row| row.ours),
            _ => self.sizes.get(model).copied(),
        }
    }
}

impl Kinds {
    pub fn read(root: &Path) -> Result<Kinds> {
        let again = || {
            format!(
                "{KINDS}: write it again with benches/compare DIR --only accuracy --json {KINDS}"
            )
        };
        serde_json::from_str(&files::read(&root.join(KINDS))?).with_context(again)
    }

    /// A row a kind: what its file weighs, and how far its logits lie from those of bf16.
    pub fn accuracy(&self, language: Language) -> String {
        let mut page = language.pick(
            "| file | weights | logits off by (rms) | best token the same | lost (nats) |\n|---|---:|---:|---:|---:|\n",
            "| 文件 | 权重 | logits 的偏差（均方根） | 概率最高的词元相同 | KL 散度（nat） |\n|---|---:|---:|---:|---:|\n",
        )
        .to_string();
        let mut rows: Vec<_> = self.accuracy.iter().collect();
        rows.sort_by(|a, b| b.1.bytes.total_cmp(&a.1.bytes));
        for (kind, d) in rows {
            let Distance { bytes, rms, divergence, same_best, positions } = d;
            let megabytes = bytes / 1e6;
            page += &format!(
                "| {kind} | {megabytes:.0} MB | {rms:.3} | {same_best} / {positions} | {divergence:.4} |\n"
            );
        }
        page
    }
}

/// What `benches/compare` calls them, and what a reader does.
const NAMES: [(&str, [&str; 2]); 9] = [
    ("small", ["SmolLM2-135M"; 2]),
    ("8B", ["Llama 3 8B's shapes", "Llama 3 8B 的形状"]),
    ("8B block", ["the matrices of one of its blocks", "其中一个块的矩阵"]),
    ("8B cold", ["Llama 3 8B's shapes, from the disk", "Llama 3 8B 的形状，从磁盘读"]),
    ("limit", ["the machine's limit", "机器的极限"]),
    ("reading", ["only reading the file", "只读文件"]),
    ("llama.cpp", ["llama.cpp"; 2]),
    ("PyTorch", ["PyTorch"; 2]),
    ("candle", ["candle"; 2]),
];

fn name(key: &str, language: Language) -> Result<&'static str> {
    let found = NAMES.iter().find(|(known, _)| *known == key);
    let (_, [en, zh]) = found.with_context(|| format!("{FILE}: {key:?} has no name in a table"))?;
    Ok(language.pick(en, zh))
}

fn in_words(seconds: f64) -> String {
    match seconds {
        _ if seconds < 0.1 => format!("{:.1} ms", seconds * 1e3),
        _ if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        _ => format!("{seconds:.1} s"),
    }
}
