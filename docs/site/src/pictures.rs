//! What is drawn for the book's written pages: the pictures in `docs/en/pictures` and
//! `docs/zh/pictures`, and the tables of measured speed.

mod computation;
mod in_place;
mod measured;
pub mod run;
mod screen;

pub use measured::{seconds_per_token, speed};

use crate::language::LANGUAGES;
use anyhow::{Context, Result};
use computation::computation;
use in_place::in_place;
use llama3::plot::{Draw, Figure};
use llama3::{Config, Language};
use std::path::Path;

/// Draws all of them anew, and puts the measured speed into its page.
pub fn write(root: &Path) -> Result<()> {
    for language in LANGUAGES {
        let directory = root.join("docs").join(language.code());
        for (file, figure) in pictures(language.into())? {
            let path = directory.join("pictures").join(file);
            figure.save(&path)?;
            println!("{}", path.display());
        }
        write_speed(&directory.join("speed.md"), &speed(language.into())?)?;
    }
    Ok(())
}

/// Puts the tables between the page's two marks.
fn write_speed(path: &Path, tables: &str) -> Result<()> {
    let page = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    let marks = page
        .find("<!-- measured -->")
        .zip(page.find("<!-- end -->"));
    let (start, end) = marks.filter(|(start, end)| start < end).with_context(|| {
        let missing = "no <!-- measured --> before an <!-- end -->, where the tables go";
        format!("{}: {missing}", path.display())
    })?;
    let (before, after) = (&page[..start], &page[end..]);
    std::fs::write(path, format!("{before}<!-- measured -->\n{tables}{after}"))?;
    println!("{}", path.display());
    Ok(())
}

/// Every picture in one language, by the name of its file.
///
/// # Errors
/// Only what a figure reports.
pub fn pictures(language: Language) -> Result<Vec<(&'static str, Figure)>> {
    let title = language.pick("the whole computation", "计算全图");
    let title = |model| format!("{model}{}{title}", language.pick(": ", "："));
    let (llama3, smollm2) = (Config::named("llama-3-8b")?, Config::named("smollm2-135m")?);
    let whole = computation(&llama3).title(title("Llama 3 8B")).answer("42");
    let small = computation(&smollm2).title(title("SmolLM2-135M"));
    let moment = in_place(&llama3, 12)
        .title(language.pick("Llama 3 8B runs in place", "Llama 3 8B 就地运行"));
    Ok(vec![
        ("computation.svg", whole.language(language).draw()?),
        ("computation_smollm2.svg", small.language(language).draw()?),
        ("in_place.svg", moment.language(language).draw()?),
        ("growth.svg", measured::growth(language)?),
    ])
}
