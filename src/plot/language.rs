//! The language in which figures and tables speak.

/// English or Chinese.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// What `LLAMA3_LANG` says (`en` or `zh`); else the language of the notebook that runs this, by
    /// its file's name (`05_rope.zh.ipynb`), which Jupyter puts in `JPY_SESSION_NAME`; else English.
    pub fn current() -> Language {
        let variable = |name| std::env::var(name).unwrap_or_default();
        let is_chinese = match variable("LLAMA3_LANG").as_str() {
            "" => variable("JPY_SESSION_NAME").contains(".zh."),
            language => language.starts_with("zh"),
        };
        if is_chinese { Language::Zh } else { Language::En }
    }

    /// The one of two things that is in this language.
    pub fn pick<T>(self, en: T, zh: T) -> T {
        match self {
            Language::En => en,
            Language::Zh => zh,
        }
    }

    /// A label inside a sentence: ‘label’ or “label”.
    pub fn quote(self, label: &str) -> String {
        self.pick(format!("‘{label}’"), format!("“{label}”"))
    }
}

impl Default for Language {
    fn default() -> Self {
        Language::current()
    }
}
