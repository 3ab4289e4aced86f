//! What the crate makes for the book's written pages: the pictures in `docs/en/pictures` and
//! `docs/zh/pictures`, and the tables of measured speed.

mod measured;

pub use measured::{seconds_per_token, speed};

use crate::config::Config;
use crate::error::Result;
use crate::plot::language::Language;
use crate::plot::{Draw, Figure, computation, in_place};

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

// The programs in the book are compiled and run with the examples of the documentation.
#[cfg(doctest)]
mod programs {
    #[doc = include_str!("../docs/en/library.md")]
    mod library_en {}
    #[doc = include_str!("../docs/zh/library.md")]
    mod library_zh {}
}
