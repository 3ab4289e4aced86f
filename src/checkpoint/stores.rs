//! The models that other programs keep on this machine: Ollama, the Hugging Face hub's cache, LM Studio
//! and llama.cpp.
//!
//! Their stores are read and never written. One that is not there, or may not be read, holds no models.

mod layouts;

use crate::error::{Error, Result};
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub(super) use layouts::files;
pub use layouts::snapshot;

/// What decides where a person's files are: the home directory, and variables that name other places.
pub struct Environment {
    /// The home directory.
    pub home: PathBuf,
    /// The environment variables.
    pub variables: HashMap<String, OsString>,
}

/// The variables that matter here.
const VARIABLES: [&str; 7] = [
    "OLLAMA_MODELS",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_HOME",
    "LLAMA_CACHE",
    "XDG_CACHE_HOME",
    "LOCALAPPDATA",
];

/// A model in another program's store.
pub struct Found {
    /// As one types it, such as `ollama:llama3` or `meta-llama/Llama-3.2-1B`.
    pub name: String,
    /// Whose store it is.
    pub program: &'static str,
    /// Its file or directory, or why there is none.
    pub path: Result<PathBuf>,
}

/// How one program keeps its models.
struct Store {
    program: &'static str,
    /// What stands before a model's name. The hub's names need nothing.
    prefix: &'static str,
    places: fn(&Environment) -> Vec<PathBuf>,
    models: fn(&Path) -> Vec<layouts::Model>,
}

const STORES: [Store; 4] = [
    Store {
        program: "Ollama",
        prefix: "ollama:",
        places: layouts::ollama_places,
        models: layouts::ollama_models,
    },
    Store {
        program: "LM Studio",
        prefix: "lmstudio:",
        places: layouts::lm_studio_places,
        models: layouts::lm_studio_models,
    },
    Store {
        program: "llama.cpp",
        prefix: "llama.cpp:",
        places: layouts::llama_cpp_places,
        models: layouts::llama_cpp_models,
    },
    Store {
        program: "Hugging Face",
        prefix: "",
        places: layouts::hugging_face_places,
        models: layouts::hugging_face_models,
    },
];

impl Environment {
    /// This process's own.
    pub fn here() -> Environment {
        let set = |name: &str| Some((name.to_string(), std::env::var_os(name)?));
        Environment {
            home: std::env::home_dir().unwrap_or_default(),
            variables: VARIABLES.into_iter().filter_map(set).collect(),
        }
    }

    /// The directory that a variable names. Empty counts as not set, and `~` is the home directory.
    fn directory(&self, variable: &str) -> Option<PathBuf> {
        let value = self.variables.get(variable).filter(|v| !v.is_empty())?;
        let path = Path::new(value);
        let in_home = path.strip_prefix("~").map(|rest| self.home.join(rest));
        Some(in_home.unwrap_or(path.to_owned()))
    }

    /// Where programs keep what can be fetched again.
    fn cache(&self) -> PathBuf {
        let named = self.directory("XDG_CACHE_HOME");
        named.unwrap_or(self.home.join(".cache"))
    }
}

/// Every model in every store.
pub fn models(env: &Environment) -> Vec<Found> {
    STORES.iter().flat_map(|store| store.found(env)).collect()
}

/// The model that a name means: `ollama:NAME[:TAG]`, `lmstudio:PUBLISHER/REPOSITORY[/FILE]`,
/// `llama.cpp:FILE`, or a repository of the Hugging Face hub, `ORGANISATION/NAME[/FILE]`. Where a
/// repository holds several GGUF files, `:Q4_K_M` behind it picks one, as in llama.cpp.
///
/// `None` if no program is named and the hub's cache has no such repository.
pub fn find(typed: &str, env: &Environment) -> Option<Found> {
    let store = STORES.iter().find(|store| typed.starts_with(store.prefix))?;
    let mut all = store.found(env);
    let mut name = typed.strip_suffix(":latest").unwrap_or(typed).to_string();
    for unsaid in ["registry.ollama.ai/", "library/"] {
        name = name.replacen(&format!("ollama:{unsaid}"), "ollama:", 1);
    }
    let meant: Vec<usize> = match all.iter().position(|m| m.name.eq_ignore_ascii_case(&name)) {
        Some(i) => vec![i],
        None => (0..all.len()).filter(|&i| is_inside(&all[i].name, &name)).collect(),
    };
    let error = match meant.as_slice() {
        [i] => return Some(all.swap_remove(*i)),
        [] if store.prefix.is_empty() => return None,
        [] => store.has_no(typed, &all, env),
        several => {
            let names: Vec<&str> = several.iter().map(|&i| all[i].name.as_str()).collect();
            let problem = format!("these are several models: {}", names.join(", "));
            Error::file(typed, problem, "name the one you mean")
        }
    };
    Some(Found { name: typed.into(), program: store.program, path: Err(error) })
}

/// Is the model one of a repository's files, and, with `REPOSITORY:Q4_K_M`, stored so?
fn is_inside(name: &str, typed: &str) -> bool {
    let (name, typed) = (name.to_lowercase(), typed.to_lowercase());
    let (repository, kind) = match typed.rsplit_once(':') {
        Some((repository, kind)) if repository.contains('/') => (repository, kind),
        _ => (typed.as_str(), ""),
    };
    let below = name.strip_prefix(repository);
    let file = below.and_then(|below| below.strip_prefix('/'));
    repository.contains('/') && file.is_some_and(|file| file.contains(kind))
}

impl Store {
    fn found(&self, env: &Environment) -> Vec<Found> {
        let places = (self.places)(env);
        let models = places.iter().flat_map(|place| (self.models)(place));
        models
            .map(|(name, path)| Found {
                name: format!("{}{name}", self.prefix),
                program: self.program,
                path,
            })
            .collect()
    }

    fn has_no(&self, typed: &str, all: &[Found], env: &Environment) -> Error {
        let names: Vec<&str> = all.iter().map(|found| found.name.as_str()).collect();
        let places = (self.places)(env);
        let places: Vec<_> = places.iter().map(|p| p.display().to_string()).collect();
        let problem = format!("{} has no such model on this machine", self.program);
        let hint = match all {
            [] => format!("no model at all was found in {}", places.join(", ")),
            _ => format!("it has: {}", names.join(", ")),
        };
        Error::file(typed, problem, hint)
    }
}
