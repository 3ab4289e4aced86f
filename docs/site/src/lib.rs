//! The book: `walk` makes its walk pages from the notebooks, `pictures` draws what the written pages
//! show, `site` makes the web site.

pub mod files;
mod formulas;
pub mod language;
pub mod links;
mod made;
pub mod markdown;
pub mod pictures;
pub mod site;
pub mod walk;

// The programs in the book are compiled and run.
#[cfg(doctest)]
mod programs {
    #[doc = include_str!("../../en/library.md")]
    mod library_en {}
    #[doc = include_str!("../../zh/library.md")]
    mod library_zh {}
}
