//! `site`: both books as one web site that needs no other host.

mod chinese;
mod finish;
mod pages;
mod search;

use crate::files;
use crate::language::{LANGUAGES, Language, code, docs, other};
use anyhow::{Context, Result, ensure};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use pages::Pages;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Builds `out/en`, `out/zh`, and `out/index.html` that leads to the reader's language.
pub fn build(root: &Path, out: &Path) -> Result<()> {
    check_twins(root)?;
    let root = root.canonicalize().with_context(|| format!("finding {}", root.display()))?;
    fs::create_dir_all(out).with_context(|| format!("creating {}", out.display()))?;
    let out = out.canonicalize().with_context(|| format!("finding {}", out.display()))?;
    for language in LANGUAGES {
        build_book(&root, &out, language)
            .with_context(|| format!("building the book docs/{}", code(language)))?;
    }
    let index = out.join("index.html");
    files::write(&index, include_str!("../assets/index.html"))?;
    println!("{}", index.display());
    Ok(())
}

fn build_book(root: &Path, out: &Path, language: Language) -> Result<()> {
    let source = root.join(docs(language));
    let out_book = out.join(code(language));
    let config = Config::from_str(include_str!("../assets/book.toml"))?;
    let mut book = MDBook::load_with_config(&source, titled(config, language, &out_book))
        .context("reading SUMMARY.md and the pages that it names; each must exist")?;
    check_contents(&source, &book)?;
    book.with_preprocessor(Pages { root: root.into(), out: out.into(), language });
    book.build()?;
    finish::finish(&out_book, language)
}

fn titled(mut config: Config, language: Language, out: &Path) -> Config {
    let title = language.pick("Llama 3 from scratch, in Rust", "用 Rust 从零实现 Llama 3");
    config.book.title = Some(title.into());
    config.book.language = Some(code(language).into());
    config.build.build_dir = out.into();
    config
}

/// Each page exists in both languages.
fn check_twins(root: &Path) -> Result<()> {
    for language in LANGUAGES {
        let (ours, theirs) = (docs(language), docs(other(language)));
        let twins = pages_in(&root.join(&theirs))?;
        for page in pages_in(&root.join(&ours))? {
            let (mine, twin) = (ours.join(&page), theirs.join(&page));
            ensure!(
                twins.contains(&page),
                "{} has no twin; expected {}: write it, or remove this one",
                mine.display(),
                twin.display()
            );
        }
    }
    Ok(())
}

/// Each page is named in SUMMARY.md: others would not be in the book.
fn check_contents(source: &Path, book: &MDBook) -> Result<()> {
    let chapters = book.book.chapters().filter_map(|chapter| chapter.source_path.clone());
    let named: BTreeSet<PathBuf> = chapters.collect();
    for page in pages_in(source)? {
        ensure!(
            named.contains(&page) || page == Path::new("SUMMARY.md"),
            "SUMMARY.md does not name {}; add a line for it",
            page.display()
        );
    }
    Ok(())
}

/// The Markdown files under a directory, relative to it.
fn pages_in(directory: &Path) -> Result<BTreeSet<PathBuf>> {
    let files = files::under(directory)?.into_iter();
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    Ok(files.filter(is_page).collect())
}
