//! What the site changes in a page before mdBook reads it.

use crate::files;
use crate::formulas::drawn;
use crate::language::{Language, docs, name, other};
use crate::links::{is_relative, normal, relinked};
use anyhow::{Context, Result, anyhow, ensure};
use mdbook_driver::book::Book;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use std::path::{Path, PathBuf};

pub struct Pages {
    pub root: PathBuf,
    pub out: PathBuf,
    pub language: Language,
}

impl Preprocessor for Pages {
    fn name(&self) -> &str {
        "pages"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let mut result = Ok(());
        book.for_each_chapter_mut(|chapter| {
            let path = chapter.source_path.clone().unwrap_or_default();
            match self.changed(&chapter.content, &path) {
                Ok(content) => chapter.content = content,
                Err(error) if result.is_ok() => {
                    let page = self.here(&path).display().to_string();
                    result = Err(error.context(page));
                }
                Err(_) => {}
            }
        });
        result.map(|()| book)
    }
}

impl Pages {
    /// Where a page lies, from the root.
    fn here(&self, path: &Path) -> PathBuf {
        docs(self.language).join(path)
    }

    fn changed(&self, page: &str, path: &Path) -> Result<String> {
        let page = without_twin(page, other(self.language));
        let page = drawn(&self.with_files(&page, path)?)?;
        Ok(page)
    }

    /// Files outside the books, such as notebooks, are copied beside them, so that every link
    /// works wherever the site lies.
    fn with_files(&self, page: &str, path: &Path) -> Result<String> {
        let mut result = Ok(());
        let here = self.here(path);
        let changed = relinked(page, |link| match self.file(link, &here) {
            Ok(new) => new,
            Err(error) => {
                result = Err(error);
                None
            }
        });
        result.map(|()| changed)
    }

    fn file(&self, link: &str, here: &Path) -> Result<Option<String>> {
        if !is_relative(link) {
            return Ok(None);
        }
        let bare = link.split(['#', '?']).next().unwrap_or(link);
        let directory = here.parent().unwrap_or(here);
        let target = normal(&directory.join(bare))
            .ok_or_else(|| anyhow!("the link {link} leaves the repository"))?;
        ensure!(
            self.root.join(&target).exists(),
            "the link {link} leads to {}, which does not exist; correct it, or add the file",
            target.display()
        );
        let in_books = ["docs/en", "docs/zh"].iter().any(|book| target.starts_with(book));
        if in_books {
            return Ok(None);
        }
        let whole = self.root.join(&target);
        ensure!(
            whole.is_file(),
            "the link {link} leads to the directory {}, which a site cannot show; link a file",
            target.display()
        );
        let copy = shown_as_text(target.to_str().context("a file name is not UTF-8")?);
        files::copy(&whole, &self.out.join("files").join(&copy))?;
        let depth = directory.components().count() - 1;
        Ok(Some(format!("{}files/{copy}", "../".repeat(depth))))
    }
}

/// mdBook would take another `.md` for a page of the book, and a browser would not show it.
fn shown_as_text(path: &str) -> String {
    match path.strip_suffix(".md") {
        Some(stem) => format!("{stem}.txt"),
        None => path.into(),
    }
}

/// The page without the link to its twin under the title: on the site it is in the menu bar.
fn without_twin(page: &str, twin: Language) -> String {
    let mut lines: Vec<&str> = page.lines().collect();
    let start = format!("[{}](", name(twin));
    let Some(at) = lines.iter().take(4).position(|line| line.starts_with(&start)) else {
        return page.into();
    };
    lines[at] = lines[at].split_once(" · ").map_or("", |(_, rest)| rest);
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_link_to_the_twin_goes() {
        let page = "# A\n\n[中文](../zh/a.md) · [notebook](n)\n\n[中文](../zh/a.md)\n";
        let expected = "# A\n\n[notebook](n)\n\n[中文](../zh/a.md)\n";
        assert_eq!(without_twin(page, Language::Zh), expected);
        assert_eq!(without_twin("# A\n\n[English](../en/a.md)\n", Language::En), "# A\n\n\n");
        assert_eq!(without_twin("# A\n\ntext\n", Language::En), "# A\n\ntext\n");
    }
}
