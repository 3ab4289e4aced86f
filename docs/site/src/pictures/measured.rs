//! The measured speed that the book shows: the last result of `benches/compare`, docs/measured.json.

use llama3::plot::{Draw, Figure, lines};
use llama3::{Error, Language, Result};
use serde_json::Value;

const MEASURED: &str = include_str!("../../../measured.json");

/// How the time of one more token grows with the text, with and without the KV cache.
///
/// # Errors
/// A file of figures that is not what `benches/compare` writes.
pub fn growth(language: Language) -> Result<Figure> {
    let rows = rows(&measured()?, "growth")?;
    let column = |key: &str| {
        let cells = rows.iter().map(|row| number(row, key));
        cells.collect::<Result<Vec<f64>>>()
    };
    lines(&column("tokens")?)
        .series(
            language.pick("without the cache", "没有缓存"),
            &column("without")?,
        )
        .series(
            language.pick("with the KV cache", "有 KV 缓存"),
            &column("with")?,
        )
        .x_label(language.pick("tokens of text", "文本的词元数"))
        .y_label(language.pick("seconds for one more token", "再生成一个词元的秒数"))
        .log_y()
        .title(language.pick(
            "SmolLM2-135M: the time of one more token",
            "SmolLM2-135M：再生成一个词元的时间",
        ))
        .language(language)
        .draw()
}

/// The tables of the page on speed, in Markdown: the machine, the comparisons, the growth.
///
/// # Errors
/// A file of figures that is not what `benches/compare` writes.
pub fn speed(language: Language) -> Result<String> {
    let measured = measured()?;
    let text = |en: &'static str, zh: &'static str| language.pick(en, zh);
    let machine = measured["machine"].as_str().unwrap_or_default();
    let mut page = format!("{}{machine}\n\n", text("Machine: ", "机器："));
    page += text(
        "| model | tokens in one pass | here | beside it | ratio |\n|---|---:|---:|---:|---:|\n",
        "| 模型 | 一遍的词元数 | 本项目 | 对照 | 比值 |\n|---|---:|---:|---:|---:|\n",
    );
    for row in rows(&measured, "pairs")? {
        let (model, other) = (
            name(&row, "model", language)?,
            name(&row, "other", language)?,
        );
        let [ours, theirs] = [milliseconds(&row, "ours")?, milliseconds(&row, "theirs")?];
        let (tokens, ratio) = (number(&row, "tokens")?, number(&row, "ratio")?);
        let colon = text(": ", "：");
        page += &format!("| {model} | {tokens} | {ours} | {other}{colon}{theirs} | {ratio:.2} |\n");
    }
    page += text(
        "\n| tokens of text | with the KV cache | without it | times faster | memory of the cache |\n|---:|---:|---:|---:|---:|\n",
        "\n| 文本的词元数 | 有 KV 缓存 | 没有缓存 | 快几倍 | 缓存占的内存 |\n|---:|---:|---:|---:|---:|\n",
    );
    for row in rows(&measured, "growth")? {
        let (with, without) = (milliseconds(&row, "with")?, milliseconds(&row, "without")?);
        let times = number(&row, "without")? / number(&row, "with")?;
        let (tokens, cache) = (number(&row, "tokens")?, number(&row, "cache_bytes")? / 1e6);
        page += &format!("| {tokens} | {with} | {without} | {times:.0} | {cache:.1} MB |\n");
    }
    Ok(page)
}

/// The time of one token in seconds, in the shapes of `llama-3.2-1b`, `llama-3.2-3b` or
/// `llama-3-8b`.
///
/// # Errors
/// As [`speed`], and another model.
pub fn seconds_per_token(model: &str) -> Result<f64> {
    let measured = measured()?;
    let is_it = |row: &&Value| row["model"] == "8B" && row["tokens"] == 1;
    match model {
        "llama-3-8b" => match rows(&measured, "pairs")?.iter().find(is_it) {
            Some(row) => number(row, "ours"),
            None => Err(damaged("pairs")),
        },
        _ => number(&measured["sizes"], model),
    }
}

fn name(row: &Value, key: &str, language: Language) -> Result<&'static str> {
    Ok(match (row[key].as_str(), language) {
        (Some("small"), _) => "SmolLM2-135M",
        (Some("8B"), Language::En) => "Llama 3 8B's shapes",
        (Some("8B"), Language::Zh) => "Llama 3 8B 的形状",
        (Some("8B block"), Language::En) => "the matrices of one of its blocks",
        (Some("8B block"), Language::Zh) => "其中一个块的矩阵",
        (Some("8B cold"), Language::En) => "Llama 3 8B's shapes, from the disk",
        (Some("8B cold"), Language::Zh) => "Llama 3 8B 的形状，从磁盘读",
        (Some("limit"), Language::En) => "the machine's limit",
        (Some("limit"), Language::Zh) => "机器的极限",
        (Some("reading"), Language::En) => "only reading the file",
        (Some("reading"), Language::Zh) => "只读文件",
        (Some("llama.cpp"), _) => "llama.cpp",
        (Some("PyTorch"), _) => "PyTorch",
        (Some("candle"), _) => "candle",
        _ => return Err(damaged(key)),
    })
}

fn measured() -> Result<Value> {
    serde_json::from_str(MEASURED).map_err(|_| damaged("JSON"))
}

fn rows(measured: &Value, key: &str) -> Result<Vec<Value>> {
    measured[key]
        .as_array()
        .cloned()
        .ok_or_else(|| damaged(key))
}

fn number(row: &Value, key: &str) -> Result<f64> {
    row[key].as_f64().ok_or_else(|| damaged(key))
}

fn milliseconds(row: &Value, key: &str) -> Result<String> {
    Ok(match number(row, key)? {
        seconds if seconds < 0.1 => format!("{:.1} ms", seconds * 1e3),
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        seconds => format!("{seconds:.1} s"),
    })
}

fn damaged(what: &str) -> Error {
    Error::Argument(format!(
        "docs/measured.json: {what} is missing or not what was expected; write it again with \
         benches/compare DIR --json docs/measured.json"
    ))
}
