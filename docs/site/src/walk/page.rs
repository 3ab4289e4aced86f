//! A chapter's page, made from its notebook.

use super::notebook::{Cell, Folded, Notebook, Output};
use super::{picture, table};
use crate::formulas::portable;
use crate::language::{self, Language, code, other};
use crate::links::relinked;
use crate::markdown::{escaped, fenced};
use anyhow::{Context, Result};

/// A chapter in one language.
#[derive(Clone, Copy)]
pub struct Chapter<'a> {
    /// Such as `01_tokens`.
    pub name: &'a str,
    pub language: Language,
    /// How long it takes to read.
    pub minutes: usize,
}

/// What is written for a chapter.
pub struct Page {
    pub markdown: String,
    /// File names and SVG.
    pub pictures: Vec<(String, String)>,
}

pub fn page(chapter: Chapter, notebook: &Notebook) -> Result<Page> {
    let (first, rest) = match notebook.cells.split_first() {
        Some((Cell::Prose(first), rest)) => (first, rest),
        _ => anyhow::bail!("expected prose in the first cell, found none; begin with `# Title`"),
    };
    let mut page = Page { markdown: beginning(chapter, first, rest)?, pictures: Vec::new() };
    for cell in rest {
        match cell {
            Cell::Prose(text) => page.push(&prose(text)),
            Cell::Code { source, outputs, folded } => {
                let language = chapter.language;
                match folded {
                    Folded::Nothing => {}
                    Folded::Code => page.open(language.pick("The code", "代码")),
                    Folded::All => page.open(language.pick(
                        "The model behind this page, and its sizes",
                        "本页所用的模型，以及它的各项尺寸",
                    )),
                }
                page.push(&fenced("rust", source));
                if *folded == Folded::Code {
                    page.push("</details>");
                }
                for output in outputs {
                    page.push_output(chapter, output)?;
                }
                if *folded == Folded::All {
                    page.push("</details>");
                }
            }
        }
    }
    Ok(page)
}

impl Page {
    fn push(&mut self, block: &str) {
        self.markdown.push('\n');
        self.markdown.push_str(block.trim_end());
        self.markdown.push('\n');
    }

    fn open(&mut self, summary: &str) {
        self.push(&format!("<details><summary>{summary}</summary>"));
    }

    fn push_output(&mut self, chapter: Chapter, output: &Output) -> Result<()> {
        match output {
            Output::Text(text) => self.push(&fenced("text", text)),
            Output::Table(html) => self.push(&table::markdown_table(html)?),
            Output::Picture(svg) => {
                let number = chapter.name.split('_').next().unwrap_or(chapter.name);
                let file = format!("{number}_{}.svg", self.pictures.len() + 1);
                let words = escaped(&picture::words(svg)?);
                self.push(&format!("![{words}](pictures/{file})"));
                self.pictures.push((file, format!("{}\n", svg.trim_end())));
            }
        }
        Ok(())
    }
}

/// Prose as the page has it: formulas that a code-hosting page can read, links to pages instead of
/// notebooks.
fn prose(text: &str) -> String {
    let to_page = |link: &str| {
        // From notebooks/ the pages are in ../docs/en, from walk/ they are next door.
        let docs = ["../docs/en/", "../docs/zh/"].iter().find_map(|docs| link.strip_prefix(docs));
        if let Some(page) = docs {
            return Some(format!("../{page}"));
        }
        let (name, language) = link.strip_suffix(".ipynb")?.rsplit_once('.')?;
        match language {
            "en" | "zh" if !name.contains('/') => Some(format!("{name}.md")),
            _ => None,
        }
    };
    relinked(&portable(text), to_page)
}

/// The title; the twin, the notebook and the neighbours; the first prose; the model.
fn beginning(chapter: Chapter, first: &str, rest: &[Cell]) -> Result<String> {
    let Chapter { name, language, minutes } = chapter;
    let twin = other(language);
    let (title, text) = first.split_once('\n').unwrap_or((first, ""));
    let twin_link = format!("[{}]({name}.{}.ipynb)", language::name(twin), code(twin));
    let paragraphs = text.trim().split("\n\n");
    let (links, text): (Vec<&str>, Vec<&str>) = paragraphs.partition(|p| p.contains(&twin_link));
    let links = links.first().with_context(|| {
        format!("expected a line with the link {twin_link} in the first cell, found none; add it")
    })?;
    let neighbours = links.split(" · ").filter(|link| *link != twin_link);
    let (source, here) =
        (format!("notebooks/{name}.{}.ipynb", code(language)), language.pick("notebook", "笔记本"));
    let mut header = vec![
        format!("[{}](../../{}/walk/{name}.md)", language::name(twin), code(twin)),
        format!("[{here}](../../../{source})"),
    ];
    header.extend(neighbours.map(prose));
    let made = format!("<!-- Made from {source}; change that. -->");
    let text = prose(&text.join("\n\n"));
    let mut blocks = vec![title.to_string(), header.join(" · "), made, text];
    blocks.extend(model(rest).map(|model| {
        let en =
            format!("*{minutes} minutes to read. The outputs on this page come from **{model}**.*");
        language.pick(en, format!("*读完约 {minutes} 分钟。本页的输出来自 **{model}**。*"))
    }));
    Ok(blocks.join("\n\n") + "\n")
}

/// The model that a chapter opens: what the first text of its first cells begins with, up to a
/// parenthesis.
fn model(cells: &[Cell]) -> Option<String> {
    let outputs = cells.iter().filter_map(|cell| match cell {
        Cell::Code { outputs, .. } => Some(outputs),
        Cell::Prose(_) => None,
    });
    let text = outputs.take(2).flatten().find_map(|output| match output {
        Output::Text(text) => Some(text),
        _ => None,
    });
    let (name, _) = text?.lines().next()?.split_once(['(', '（'])?;
    Some(escaped(name.trim()))
}
