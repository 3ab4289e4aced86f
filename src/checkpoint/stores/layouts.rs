//! How each program lays out its models: where, under which names, in which files.

use super::Environment;
use crate::checkpoint::pieces;
use crate::error::{Error, Result};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A model's name inside its store, and its file or directory.
pub type Model = (String, Result<PathBuf>);

// ── Ollama: manifests/HOST/NAMESPACE/MODEL/TAG names the files under blobs/ ──

/// The user's own; on Linux also those of the service, which is a user of its own.
const OLLAMA: [&str; 4] = [
    ".ollama/models",
    "/usr/share/ollama/.ollama/models",
    "/var/lib/ollama/models",
    "/var/lib/ollama",
];

pub fn ollama_places(env: &Environment) -> Vec<PathBuf> {
    match env.directory("OLLAMA_MODELS") {
        Some(place) => vec![place],
        None => OLLAMA.map(|place| env.home.join(place)).to_vec(),
    }
}

/// Named as Ollama does: a tag `latest`, its own library and its own host go without saying.
pub fn ollama_models(place: &Path) -> Vec<Model> {
    let manifests = place.join("manifests");
    let one = |manifest: &PathBuf| {
        let parts = parts_below(&manifests, manifest);
        let [host, namespace, model, tag] = parts.as_slice() else {
            return None;
        };
        let own_host =
            host == "registry.ollama.ai" || manifests.join(host).join("library").is_dir();
        let mut name = match (namespace.as_str(), own_host) {
            ("library", _) => model.clone(),
            (_, true) => format!("{namespace}/{model}"),
            (_, false) => format!("{host}/{namespace}/{model}"),
        };
        if tag != "latest" {
            name += &format!(":{tag}");
        }
        Some((name, ollama_file(place, manifest)))
    };
    files(&manifests, 3).iter().filter_map(one).collect()
}

/// The file that the layer of the kind `model` names.
fn ollama_file(place: &Path, manifest: &Path) -> Result<PathBuf> {
    let layers = read_json(manifest)["layers"].take();
    let of_kind = |kind: &str| -> Vec<PathBuf> {
        let kind = format!("application/vnd.ollama.image.{kind}");
        let layers = layers.as_array().into_iter().flatten();
        let digests = layers
            .filter(|layer| layer["mediaType"] == kind.as_str())
            .filter_map(|layer| layer["digest"].as_str());
        let file = |digest: &str| digest.replace([':', '/', '\\'], "-");
        digests.map(|digest| place.join("blobs").join(file(digest))).collect()
    };
    let (problem, hint) = match (of_kind("model").as_slice(), of_kind("adapter").len()) {
        ([blob], 0) if blob.is_file() => return Ok(blob.clone()),
        ([blob], 0) => {
            (format!("its file {} is missing", blob.display()), "pull the model again with Ollama")
        }
        ([_], _) => (
            "an adapter (LoRA) changes its weights, and adapters are not supported".into(),
            "take the model without it, or one into which it is merged",
        ),
        (several, _) => (
            format!("it names {} files of weights; expected one", several.len()),
            "take a model that Ollama keeps as one GGUF file",
        ),
    };
    Err(Error::file(manifest, problem, hint))
}

// ── The Hugging Face hub's cache: models--ORGANISATION--NAME/snapshots/COMMIT/… ──

/// Newer versions of llama.cpp keep this layout, too, where `LLAMA_CACHE` says.
pub fn hugging_face_places(env: &Environment) -> Vec<PathBuf> {
    let named = env.directory("HF_HUB_CACHE").or(env.directory("HUGGINGFACE_HUB_CACHE"));
    let hub = named.unwrap_or_else(|| {
        let home = env.directory("HF_HOME");
        home.unwrap_or(env.cache().join("huggingface")).join("hub")
    });
    std::iter::once(hub).chain(env.directory("LLAMA_CACHE")).collect()
}

pub fn hugging_face_models(place: &Path) -> Vec<Model> {
    let in_repository = |repository: &PathBuf| {
        let name = file_name(repository).strip_prefix("models--")?.replace("--", "/");
        Some(models_in(&snapshot(repository)?, &name))
    };
    children(place).iter().filter_map(in_repository).flatten().collect()
}

/// What a repository in the hub's cache holds: the snapshot of its main branch, or its only one.
pub fn snapshot(repository: &Path) -> Option<PathBuf> {
    let snapshots = children(&repository.join("snapshots"));
    let main = read_text(&repository.join("refs/main")).unwrap_or_default();
    let of_main = snapshots.iter().find(|snapshot| file_name(snapshot) == main.trim());
    match (of_main, snapshots.as_slice()) {
        (Some(snapshot), _) | (None, [snapshot]) => Some(snapshot.clone()),
        _ => None,
    }
}

// ── LM Studio: models/PUBLISHER/REPOSITORY/… ──

/// Its home is named by a file in the user's; its settings may have moved the models' folder.
pub fn lm_studio_places(env: &Environment) -> Vec<PathBuf> {
    let named = read_text(&env.home.join(".lmstudio-home-pointer"));
    let named = named.map(|path| PathBuf::from(path.trim()));
    let usual = [".lmstudio", ".cache/lm-studio"].map(|home| env.home.join(home));
    let place = |home: PathBuf| {
        let settings = read_json(&home.join("settings.json"));
        let moved = settings["downloadsFolder"].as_str().map(PathBuf::from);
        moved.unwrap_or(home.join("models"))
    };
    let mut places: Vec<PathBuf> = named.into_iter().chain(usual).map(place).collect();
    places.sort();
    places.dedup();
    places
}

pub fn lm_studio_models(place: &Path) -> Vec<Model> {
    let repositories = children(place).into_iter().flat_map(|publisher| children(&publisher));
    let models = repositories.flat_map(|dir| models_in(&dir, &parts_below(place, &dir).join("/")));
    models.collect()
}

// ── llama.cpp: ORGANISATION_REPOSITORY_FILE.gguf in one folder ──

pub fn llama_cpp_places(env: &Environment) -> Vec<PathBuf> {
    if let Some(place) = env.directory("LLAMA_CACHE") {
        return vec![place];
    }
    let windows = env.directory("LOCALAPPDATA");
    let caches = [env.cache(), env.home.join("Library/Caches")].into_iter().chain(windows);
    caches.map(|cache| cache.join("llama.cpp")).collect()
}

pub fn llama_cpp_models(place: &Path) -> Vec<Model> {
    let ggufs = files(place, 0).into_iter().filter(|path| is_model(path, &["gguf"]));
    ggufs.map(|path| (file_name(&path), Ok(path))).collect()
}

// ── What they have in common ──

/// Each GGUF file of a repository is a model; without any, the repository is one if it holds weights.
fn models_in(dir: &Path, name: &str) -> Vec<Model> {
    let files = files(dir, 1);
    let ggufs = files.iter().filter(|path| is_model(path, &["gguf"]));
    let ggufs: Vec<Model> = ggufs
        .map(|path| {
            let below = parts_below(dir, path).join("/");
            (format!("{name}/{below}"), Ok(path.clone()))
        })
        .collect();
    let weights = ["safetensors", "pth", "pt", "bin"];
    if ggufs.is_empty() && files.iter().any(|path| is_model(path, &weights)) {
        return vec![(name.to_string(), Ok(dir.to_owned()))];
    }
    ggufs
}

/// A file of weights; of one in pieces only the first, and no projector, which reads pictures.
fn is_model(path: &Path, endings: &[&str]) -> bool {
    let name = file_name(path).to_lowercase();
    let is_first = pieces::number(&name).is_none_or(|(number, _)| number == 1);
    let has_ending = name.rsplit_once('.').is_some_and(|(_, end)| endings.contains(&end));
    has_ending && is_first && !name.starts_with("mmproj")
}

/// The files in a directory and at most `depth` folders down, in order; a file is one itself.
pub fn files(path: &Path, depth: usize) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let inside = children(path).into_iter();
    let near = inside.filter(|child| depth > 0 || !child.is_dir());
    near.flat_map(|child| files(&child, depth.saturating_sub(1))).collect()
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The names of the folders from `dir` to the path, and its own.
fn parts_below(dir: &Path, path: &Path) -> Vec<String> {
    let below = path.strip_prefix(dir).unwrap_or(path);
    below.iter().map(|part| part.to_string_lossy().into_owned()).collect()
}

/// A JSON file, or null.
fn read_json(path: &Path) -> serde_json::Value {
    let json = read_text(path).and_then(|text| serde_json::from_str(&text).ok());
    json.unwrap_or_default()
}

/// The files that are read here are short: of a long one the beginning is enough to refuse it.
fn read_text(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(1 << 20).read_to_string(&mut text).ok()?;
    Some(text)
}
