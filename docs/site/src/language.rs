//! The two languages, and what the machinery itself says in them.

/// A language of the book.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    Chinese,
}

pub const LANGUAGES: [Language; 2] = [Language::English, Language::Chinese];

impl From<Language> for llama3::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::English => llama3::Language::En,
            Language::Chinese => llama3::Language::Zh,
        }
    }
}

impl Language {
    /// The name of its directory, and its HTML language tag.
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh",
        }
    }

    /// What the language calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Chinese => "中文",
        }
    }

    pub fn other(self) -> Language {
        match self {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        }
    }

    pub fn book_title(self) -> &'static str {
        match self {
            Language::English => "Llama 3 from scratch, in Rust",
            Language::Chinese => "用 Rust 从零实现 Llama 3",
        }
    }

    /// The words before a chapter's link to its notebook.
    pub fn notebook(self) -> &'static str {
        match self {
            Language::English => "notebook",
            Language::Chinese => "笔记本",
        }
    }

    /// Which model the outputs of a page come from.
    pub fn outputs_of(self, model: &str) -> String {
        match self {
            Language::English => format!("The outputs on this page come from **{model}**."),
            Language::Chinese => format!("本页的输出来自 **{model}**。"),
        }
    }
}
