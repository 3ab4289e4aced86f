//! A notebook as Jupyter stores it, reduced to what a page shows.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;

pub struct Notebook {
    pub cells: Vec<Cell>,
}

pub enum Cell {
    Prose(String),
    Code { source: String, outputs: Vec<Output>, folded: Folded },
}

/// What a reader sees of a cell only after a click, in Jupyter's own words for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Folded {
    Nothing,
    Code,
    All,
}

/// What a cell shows, in its richest form.
pub enum Output {
    Text(String),
    Table(String),
    Picture(String),
}

impl Notebook {
    pub fn read(path: &Path) -> Result<Notebook> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the notebook {}", path.display()))?;
        Notebook::parse(&text).with_context(|| {
            let path = path.display();
            format!(
                "{path} is not a notebook that Jupyter wrote; restore it, or run notebooks/refresh"
            )
        })
    }

    /// How long an English reader needs: 200 words a minute, and four cells of code.
    pub fn minutes(&self) -> usize {
        let minutes = self.cells.iter().map(|cell| match cell {
            Cell::Code { .. } => 0.25,
            Cell::Prose(text) => text.split_whitespace().count() as f64 / 200.0,
        });
        minutes.sum::<f64>().ceil() as usize
    }

    fn parse(text: &str) -> Result<Notebook> {
        let json: Value = serde_json::from_str(text).context("it is not JSON")?;
        let cells = json["cells"].as_array().context("it has no list \"cells\"")?;
        let cell = |(number, json)| {
            Cell::parse(json).with_context(|| format!("cell {} of {}", number + 1, cells.len()))
        };
        let cells = cells.iter().enumerate().map(cell).collect::<Result<_>>()?;
        Ok(Notebook { cells })
    }
}

impl Cell {
    fn parse(json: &Value) -> Result<Cell> {
        let source = lines(&json["source"]).context("its \"source\"")?;
        match json["cell_type"].as_str() {
            Some("markdown") => Ok(Cell::Prose(source)),
            Some("code") => {
                let outputs = json["outputs"].as_array().context("it has no list \"outputs\"")?;
                let mut outputs: Vec<_> =
                    outputs.iter().map(Output::parse).collect::<Result<_>>()?;
                let tags = json["metadata"]["tags"].as_array().into_iter().flatten();
                if tags.into_iter().any(|tag| tag == "exercise") {
                    outputs.clear(); // "Not yet." is no answer
                }
                let hidden = |what: &str| json["metadata"]["jupyter"][what] == true;
                let folded = match (hidden("source_hidden"), hidden("outputs_hidden")) {
                    (_, true) => Folded::All,
                    (true, false) => Folded::Code,
                    (false, false) => Folded::Nothing,
                };
                Ok(Cell::Code { source, outputs, folded })
            }
            other => bail!("expected \"cell_type\" markdown or code, found {other:?}"),
        }
    }
}

impl Output {
    fn parse(json: &Value) -> Result<Output> {
        match json["output_type"].as_str() {
            Some("stream") => Ok(Output::Text(lines(&json["text"])?)),
            Some("execute_result" | "display_data") => Output::richest(&json["data"]),
            other => bail!(
                "expected an output of type stream or execute_result, found {other:?}; \
                 run the notebook again"
            ),
        }
    }

    fn richest(data: &Value) -> Result<Output> {
        let has = |kind: &str| !data[kind].is_null();
        if has("image/svg+xml") {
            Ok(Output::Picture(lines(&data["image/svg+xml"])?))
        } else if has("text/html") {
            Ok(Output::Table(lines(&data["text/html"])?))
        } else if has("text/plain") {
            Ok(Output::Text(lines(&data["text/plain"])?))
        } else {
            bail!("an output is neither SVG, HTML nor text, so a page cannot show it")
        }
    }
}

/// Jupyter writes text as a string or as a list of lines.
fn lines(value: &Value) -> Result<String> {
    let line = |value: &Value| {
        let text = value.as_str().map(String::from);
        text.with_context(|| format!("expected text, found {value}"))
    };
    match value {
        Value::Array(lines) => lines.iter().map(line).collect(),
        other => line(other),
    }
}
