//! What the written pages show: `pictures` draws their pictures and puts the measured speed into its
//! page, `run` draws what a program printed.

mod computation;
mod in_place;
mod measured;
pub mod run;
mod screen;

pub use measured::{Kinds, Measured};

use crate::files;
use crate::language::{LANGUAGES, Language, docs};
use crate::made::{self, Made};
use anyhow::{Context, Result};
use computation::computation;
use in_place::in_place;
use llama3::Config;
use llama3::plot::{Figure, Frame};
use std::path::Path;

const SPEED: &str = "speed.md";
const MODELS: &str = "models.md";

/// Draws all pictures anew, and puts the measured speed into its page.
pub fn write(root: &Path) -> Result<()> {
    made::write(root, &made(root)?)
}

/// Fails if `write` would change anything, and says what.
pub fn check(root: &Path) -> Result<()> {
    made::check(root, &made(root)?, vec![], "pictures")
}

fn made(root: &Path) -> Result<Made> {
    let (measured, kinds) = (Measured::read(root)?, Kinds::read(root)?);
    let mut made = Made::new();
    for language in LANGUAGES {
        let directory = docs(language);
        for (file, figure) in pictures(&measured, language)? {
            let path = directory.join("pictures").join(file);
            made.insert(path, (figure.svg().into(), "docs/site/src/pictures".into()));
        }
        let speed = [("measured", measured.tables(language)?)];
        let accuracy = [("accuracy", kinds.accuracy(language))];
        for (page, tables) in [(SPEED, &speed), (MODELS, &accuracy)] {
            let path = directory.join(page);
            let mut page = files::read(&root.join(&path))?;
            for (mark, table) in tables {
                page =
                    with_tables(&page, mark, table).with_context(|| path.display().to_string())?;
            }
            made.insert(path, (page, measured::FILE.into()));
        }
    }
    Ok(made)
}

/// Every picture in one language, by the name of its file.
fn pictures(measured: &Measured, language: Language) -> Result<Vec<(&'static str, Figure)>> {
    let (llama3, smollm2) = (Config::named("llama-3-8b")?, Config::named("smollm2-135m")?);
    let framed = |en: &str, zh: &str| {
        let title = language.pick(en, zh).to_string();
        Frame { title, language }
    };
    let whole = framed("Llama 3 8B: the whole computation", "Llama 3 8B：计算全图");
    let small = framed("SmolLM2-135M: the whole computation", "SmolLM2-135M：计算全图");
    let moment = framed("Llama 3 8B runs in place", "Llama 3 8B 就地运行");
    Ok(vec![
        ("computation.svg", computation(&llama3, Some("42"), whole)),
        ("computation_smollm2.svg", computation(&smollm2, None, small)),
        ("in_place.svg", in_place(&llama3, 12, moment)),
        ("growth.svg", measured.growth(language)?),
    ])
}

/// The page with other tables between a mark and the next end.
fn with_tables(page: &str, mark: &str, tables: &str) -> Result<String> {
    let start = format!("<!-- {mark} -->\n");
    let (before, rest) = page.split_once(&start).with_context(|| format!("no {start}"))?;
    let (_, after) = rest.split_once("<!-- end -->").context("no <!-- end -->")?;
    Ok(format!("{before}{start}{tables}<!-- end -->{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::picture::words;

    /// Well-formed, and no wider than a page; whoever cannot see them is told what they show.
    #[test]
    fn every_picture_can_be_read() -> Result<()> {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let measured = Measured::read(root)?;
        for language in LANGUAGES {
            for (file, figure) in pictures(&measured, language)? {
                assert_eq!(words(figure.svg())?, figure.alt());
                let svg = roxmltree::Document::parse(figure.svg())?;
                let width = svg.root_element().attribute("width").unwrap();
                assert!(width.parse::<f64>()? <= 760.0, "{file}: {width}");
            }
        }
        Ok(())
    }

    #[test]
    fn tables_take_the_place_of_tables() -> Result<()> {
        let page = "a\n<!-- measured -->\nold\n<!-- end -->\nb\n";
        let expected = "a\n<!-- measured -->\nnew\n<!-- end -->\nb\n";
        assert_eq!(with_tables(page, "measured", "new\n")?, expected);
        assert!(with_tables("a <!-- end --> <!-- measured -->\n", "measured", "new").is_err());
        Ok(())
    }
}
