//! `walk`: the book's walk pages, made from the executed notebooks.

mod notebook;
mod page;
pub(crate) mod picture;
mod table;

use crate::files;
use crate::language::{LANGUAGES, Language, code, docs};
use crate::made::{self, Made};
use anyhow::{Context, Result, bail, ensure};
use notebook::Notebook;
use page::Chapter;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes what differs, and removes what no notebook asks for.
pub fn write(root: &Path) -> Result<()> {
    let made = made(root)?;
    for path in strangers(root, &made)? {
        fs::remove_file(root.join(&path))
            .with_context(|| format!("removing {}", path.display()))?;
        println!("removed {}", path.display());
    }
    made::write(root, &made)
}

/// Fails if `write` would change anything, and says what.
pub fn check(root: &Path) -> Result<()> {
    let made = made(root)?;
    let strangers = strangers(root, &made)?;
    let problem = |path: &PathBuf| format!("{} comes from no notebook", path.display());
    made::check(root, &made, strangers.iter().map(problem).collect(), "walk")
}

/// Everything that the notebooks ask for.
fn made(root: &Path) -> Result<Made> {
    let mut made = Made::new();
    for name in chapters(root)? {
        let english = Notebook::read(&root.join(format!("notebooks/{name}.en.ipynb")))?;
        let minutes = english.minutes();
        for language in LANGUAGES {
            let from = Path::new("notebooks").join(format!("{name}.{}.ipynb", code(language)));
            let notebook = Notebook::read(&root.join(&from))?;
            let name = &name;
            let page = page::page(Chapter { name, language, minutes }, &notebook)
                .with_context(|| format!("making a page from {}", from.display()))?;
            let directory = directory(language);
            let markdown = directory.join(format!("{name}.md"));
            made.insert(markdown, (page.markdown, from.clone()));
            for (file, svg) in page.pictures {
                made.insert(directory.join("pictures").join(file), (svg, from.clone()));
            }
        }
    }
    Ok(made)
}

fn directory(language: Language) -> PathBuf {
    docs(language).join("walk")
}

/// The names of all chapters; each must exist in both languages.
fn chapters(root: &Path) -> Result<Vec<String>> {
    let mut languages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let notebooks = root.join("notebooks");
    let context = || format!("cannot list {}; is --root the repository?", notebooks.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&notebooks).with_context(context)? {
        names.push(entry.with_context(context)?.file_name());
    }
    names.sort();
    for name in names.iter().filter_map(|name| name.to_str()) {
        let stem = name.strip_suffix(".ipynb");
        if let Some((chapter, language)) = stem.and_then(|stem| stem.rsplit_once('.')) {
            languages.entry(chapter.into()).or_default().push(language.into());
        }
    }
    ensure!(
        !languages.is_empty(),
        "no notebooks in {}; is --root the repository?",
        notebooks.display()
    );
    for (chapter, found) in &languages {
        if *found != ["en", "zh"] {
            bail!(
                "notebooks/{chapter}: expected {chapter}.en.ipynb and its twin {chapter}.zh.ipynb, \
                 found only {found:?}; write the other, or remove this one"
            );
        }
    }
    Ok(languages.into_keys().collect())
}

/// Files in the walk directories that no notebook asks for.
fn strangers(root: &Path, made: &Made) -> Result<Vec<PathBuf>> {
    let mut strangers = Vec::new();
    for directory in LANGUAGES.map(directory) {
        if root.join(&directory).is_dir() {
            let found = files::under(&root.join(&directory))?;
            strangers.extend(found.iter().map(|path| directory.join(path)));
        }
    }
    strangers.retain(|path| !made.contains_key(path));
    Ok(strangers)
}
