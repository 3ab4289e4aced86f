//! What a verification says of one step, in words.

use llama3::plot::language::Language;
use serde::Deserialize;
use std::fmt::{Display, Formatter};

/// What was found at one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The step, as [`Site`](llama3::observe::Site) names it, or `Tokens`, `NormEps`,
    /// `Frequencies`, `Lens(layer)` or `Continuation`.
    pub site: String,
    /// How far off it is, as a part of what was expected.
    pub error: f64,
    /// How far off it may be.
    pub tolerance: f64,
    /// Where it is off most, what was expected there, and what is there.
    pub worst: [String; 3],
}

/// A step's name, and the usual causes if it is the first that differs: English, Chinese.
#[derive(Deserialize)]
pub struct Words {
    site: String,
    name: [String; 2],
    causes: [String; 2],
}

impl Finding {
    pub fn new(site: &str, error: f64, tolerance: f64, worst: [String; 3]) -> Finding {
        Finding { site: site.into(), error, tolerance, worst }
    }

    /// Whether the step is what it should be. NaN never is.
    pub fn agrees(&self) -> bool {
        self.error <= self.tolerance
    }

    pub fn words(&self) -> Option<Words> {
        let all: Vec<Words> = serde_json::from_str(include_str!("words.json")).ok()?;
        let kind = self.site.split('(').next()?;
        all.into_iter().find(|words| words.site == kind)
    }

    /// The step's name with its layer, and its usual causes.
    fn named(&self, language: Language) -> (String, String) {
        let layer = (self.site.split(['(', ')']).nth(1)).map_or(String::new(), |layer| {
            language.pick(format!(", layer {layer}"), format!("，第 {layer} 层"))
        });
        let Some(words) = self.words() else {
            return (self.site.clone(), String::new());
        };
        let pick = |[en, zh]: [String; 2]| language.pick(en, zh);
        (pick(words.name) + &layer, pick(words.causes))
    }
}

/// One line if it agrees; else where it differs, and why that may be.
impl Display for Finding {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let language = Language::current();
        let (name, causes) = self.named(language);
        let [place, expected, found] = &self.worst;
        let mark = if self.agrees() { "✓" } else { "✗" };
        write!(f, "{mark} {name}")?;
        if self.tolerance > 0.0 {
            let (off, may) = (number(self.error), number(self.tolerance));
            let sizes = language.pick(format!(": {off} of {may}"), format!("：{off} / {may}"));
            write!(f, "{sizes}")?;
        }
        if self.agrees() {
            return Ok(());
        }
        let details = language.pick(
            format!("{place}: expected {expected}, found {found}\n  Usual causes: {causes}"),
            format!("{place}：应为 {expected}，实为 {found}\n  常见原因：{causes}"),
        );
        write!(f, "\n  {details}")
    }
}

/// A number in few digits.
pub fn number(x: f64) -> String {
    if x == 0.0 {
        "0".into()
    } else if (1e-3..1e5).contains(&x.abs()) {
        format!("{x:.4}")
    } else {
        format!("{x:.3e}")
    }
}
