//! What the site changes in the pages that mdBook wrote.

use super::{chinese, search};
use crate::files;
use crate::language::{Language, code, name, other};
use anyhow::{Result, ensure};
use std::path::Path;

/// Puts the language switch and the style into every page, and speaks the book's language.
pub fn finish(book: &Path, language: Language) -> Result<()> {
    let mut words = chinese::Words::new(language);
    for path in files::under(book)? {
        let whole = book.join(&path);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("html") => {
                let page = words.translated(&files::read(&whole)?);
                files::write(&whole, &with_switch(&page, &path, language)?)?;
            }
            Some("js") if ["book.js", "searcher.js"].iter().any(|name| path.ends_with(name)) => {
                files::write(&whole, &words.translated(&files::read(&whole)?))?;
            }
            _ => {}
        }
    }
    words.check()?;
    files::write(&book.join("book.css"), include_str!("../../assets/book.css"))?;
    if language == Language::Zh {
        search::search_without_spaces(book)?;
    }
    Ok(())
}

/// The page with a link to its twin at the right of the menu bar.
fn with_switch(page: &str, path: &Path, language: Language) -> Result<String> {
    const BUTTONS: &str = "<div class=\"right-buttons\">";
    if path == Path::new("toc.html") {
        return Ok(page.into());
    }
    ensure!(page.contains(BUTTONS), "{}: no place for the language switch", path.display());
    let twin = other(language);
    let up = "../".repeat(path.components().count() - 1);
    let switch = format!(
        "{BUTTONS}<a class=\"language-switch\" href=\"{up}../{code}/{path}\" lang=\"{code}\" hreflang=\"{code}\">{name}</a>",
        code = code(twin),
        path = path.display(),
        name = name(twin),
    );
    let style = format!("<link rel=\"stylesheet\" href=\"{up}book.css\">\n    </head>");
    let page = page.replacen(BUTTONS, &switch, 1).replacen("</head>", &style, 1);
    Ok(match language {
        Language::En => page,
        Language::Zh => page.replacen("</body>", &search::script(&up), 1),
    })
}
