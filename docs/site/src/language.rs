//! The two languages, and what each is called.

pub use llama3::Language;

use std::path::PathBuf;

pub const LANGUAGES: [Language; 2] = [Language::En, Language::Zh];

/// The name of its directory, and its HTML language tag.
pub fn code(language: Language) -> &'static str {
    language.pick("en", "zh")
}

/// What the language calls itself.
pub fn name(language: Language) -> &'static str {
    language.pick("English", "中文")
}

pub fn other(language: Language) -> Language {
    language.pick(Language::Zh, Language::En)
}

/// The directory of the book in this language, from the repository's root.
pub fn docs(language: Language) -> PathBuf {
    PathBuf::from("docs").join(code(language))
}
