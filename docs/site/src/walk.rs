//! `walk`: the book's walk pages, made from the executed notebooks.

mod notebook;
mod page;
mod picture;
mod table;

use crate::language::{LANGUAGES, Language};
use anyhow::{Context, Result, bail, ensure};
use notebook::Notebook;
use page::Chapter;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files relative to the root, each with its content and the notebook that it comes from.
type Files = BTreeMap<PathBuf, (String, PathBuf)>;

/// Writes what differs, and removes what no notebook asks for.
pub fn write(root: &Path) -> Result<()> {
    let files = files(root)?;
    for path in strangers(root, &files)? {
        fs::remove_file(root.join(&path))
            .with_context(|| format!("removing {}", path.display()))?;
        println!("removed {}", path.display());
    }
    for (path, (text, _)) in &files {
        let whole = root.join(path);
        if fs::read_to_string(&whole).is_ok_and(|old| old == *text) {
            continue;
        }
        let parent = whole.parent().unwrap_or(root);
        fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        fs::write(&whole, text).with_context(|| format!("writing {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Fails if `write` would change anything, and says what.
pub fn check(root: &Path) -> Result<()> {
    let files = files(root)?;
    let mut problems: Vec<String> = strangers(root, &files)?
        .iter()
        .map(|path| format!("{} comes from no notebook", path.display()))
        .collect();
    for (path, (text, notebook)) in &files {
        let (page, notebook) = (path.display(), notebook.display());
        match fs::read_to_string(root.join(path)) {
            Ok(old) if old == *text => {}
            Ok(_) => problems.push(format!("{page} is not what {notebook} says now")),
            Err(_) => problems.push(format!("{page} is missing; it comes from {notebook}")),
        }
    }
    ensure!(
        problems.is_empty(),
        "{}\nWrite the pages again: cargo run --release -p llama3-book -- walk",
        problems.join("\n")
    );
    Ok(())
}

/// Everything that the notebooks ask for.
fn files(root: &Path) -> Result<Files> {
    let mut files = Files::new();
    for name in chapters(root)? {
        for language in LANGUAGES {
            let from = Path::new("notebooks").join(format!("{name}.{}.ipynb", language.code()));
            let notebook = Notebook::read(&root.join(&from))?;
            let page = page::page(
                Chapter {
                    name: &name,
                    language,
                },
                &notebook,
            )
            .with_context(|| format!("making a page from {}", from.display()))?;
            let directory = directory(language);
            let markdown = directory.join(format!("{name}.md"));
            files.insert(markdown, (page.markdown, from.clone()));
            for (file, svg) in page.pictures {
                files.insert(directory.join("pictures").join(file), (svg, from.clone()));
            }
        }
    }
    Ok(files)
}

fn directory(language: Language) -> PathBuf {
    Path::new("docs").join(language.code()).join("walk")
}

/// The names of all chapters; each must exist in both languages.
fn chapters(root: &Path) -> Result<Vec<String>> {
    let mut languages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let notebooks = root.join("notebooks");
    for name in names_in(&notebooks)? {
        if let Some((chapter, language)) =
            name.strip_suffix(".ipynb").and_then(|n| n.rsplit_once('.'))
        {
            languages
                .entry(chapter.into())
                .or_default()
                .push(language.into());
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
fn strangers(root: &Path, files: &Files) -> Result<Vec<PathBuf>> {
    let mut strangers = Vec::new();
    for language in LANGUAGES {
        for directory in [directory(language), directory(language).join("pictures")] {
            if !root.join(&directory).is_dir() {
                continue;
            }
            let paths = names_in(&root.join(&directory))?
                .into_iter()
                .map(|name| directory.join(name));
            strangers.extend(
                paths.filter(|path| !files.contains_key(path) && root.join(path).is_file()),
            );
        }
    }
    Ok(strangers)
}

fn names_in(directory: &Path) -> Result<Vec<String>> {
    let context = || {
        format!(
            "cannot list {}; is --root the repository?",
            directory.display()
        )
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).with_context(context)? {
        names.push(
            entry
                .with_context(context)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    names.sort();
    Ok(names)
}
