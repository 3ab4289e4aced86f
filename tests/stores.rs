//! Models where other programs keep them: small stores made here, searched by name.

mod common;

use candle_core::quantized::GgmlDType;
use common::*;
use llama3::checkpoint::inventory;
use llama3::checkpoint::stores::{self, Environment};
use llama3::prelude::*;
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A home directory with stores in it, and nothing from the machine that the test runs on.
struct Home {
    dir: TempDir,
    env: Environment,
}

impl Home {
    fn new() -> Home {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_owned();
        let variables = HashMap::new();
        let env = Environment { home, variables };
        Home { dir, env }
    }

    fn set(&mut self, variable: &str, place: &str) {
        let place = self.env.home.join(place);
        self.env.variables.insert(variable.into(), place.into());
    }

    fn write(&self, path: &str, contents: &str) -> PathBuf {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }

    /// As Ollama stores a model: layers of these kinds under `HOST/NAMESPACE/NAME/TAG`.
    fn ollama(&self, name: &str, kinds: &[&str]) -> PathBuf {
        let layer = |kind: &&str| {
            let digest = format!("sha256:{kind}-of-{}", name.replace('/', "-"));
            self.write(&format!(".ollama/models/blobs/{}", digest.replace(':', "-")), kind);
            json!({"mediaType": format!("application/vnd.ollama.image.{kind}"), "digest": digest})
        };
        let layers: Vec<_> = kinds.iter().map(layer).collect();
        let manifest = json!({"schemaVersion": 2, "layers": layers}).to_string();
        self.write(&format!(".ollama/models/manifests/{name}"), &manifest);
        let blob = format!("sha256-model-of-{}", name.replace('/', "-"));
        self.dir.path().join(".ollama/models/blobs").join(blob)
    }

    #[track_caller]
    fn finds(&self, typed: &str, path: &Path) {
        let found = stores::find(typed, &self.env).unwrap_or_else(|| panic!("{typed}: nothing"));
        assert_eq!(found.path.unwrap(), path, "{typed}");
    }

    #[track_caller]
    fn refuses(&self, typed: &str, words: &[&str]) {
        let found = stores::find(typed, &self.env).unwrap_or_else(|| panic!("{typed}: nothing"));
        let error = found.path.err().unwrap().to_string();
        for word in words {
            assert!(error.contains(word), "expected {word:?} in: {error}");
        }
    }

    fn names(&self) -> Vec<String> {
        let found = stores::models(&self.env).into_iter();
        found.map(|found| found.name).collect()
    }
}

#[test]
fn ollama_by_its_manifests() {
    let home = Home::new();
    let layers = ["model", "license", "template", "params"];
    let llama3 = home.ollama("registry/library/llama3/latest", &layers);
    let small = home.ollama("registry/library/llama3.2/1b-instruct-q8_0", &layers);
    let mine = home.ollama("registry/me/mine/latest", &["model"]);
    let hub = home.ollama("hub.example/Org/Repo-GGUF/Q4_K_M", &["model"]);
    for (typed, path) in [
        ("ollama:llama3", &llama3),
        ("ollama:llama3:latest", &llama3),
        ("ollama:Llama3", &llama3),
        ("ollama:llama3.2:1b-instruct-q8_0", &small),
        ("ollama:me/mine", &mine),
        ("ollama:hub.example/Org/Repo-GGUF:Q4_K_M", &hub),
    ] {
        home.finds(typed, path);
    }
    let own = [
        "ollama:hub.example/Org/Repo-GGUF:Q4_K_M",
        "ollama:llama3",
        "ollama:llama3.2:1b-instruct-q8_0",
        "ollama:me/mine",
    ];
    assert_eq!(home.names(), own);
    home.refuses(
        "ollama:llama3:70b",
        &["Ollama has no such model", "it has: ", "ollama:llama3.2:1b"],
    );
}

#[test]
fn ollama_with_only_other_peoples_models() {
    let home = Home::new();
    let theirs = home.ollama("registry.ollama.ai/user/model/8b", &["model"]);
    home.finds("ollama:registry.ollama.ai/user/model:8b", &theirs);
    let own = home.ollama("registry.ollama.ai/library/llama3/latest", &["model"]);
    home.finds("ollama:library/llama3", &own);
}

#[test]
fn what_ollama_keeps_and_we_cannot_run_is_named() {
    let home = Home::new();
    home.ollama("registry/library/tuned/latest", &["model", "adapter"]);
    home.refuses("ollama:tuned", &["adapter", "LoRA", "merged"]);
    home.ollama("registry/library/elsewhere/cloud", &["license"]);
    home.refuses("ollama:elsewhere:cloud", &["0 files of weights"]);
    let blob = home.ollama("registry/library/half/latest", &["model"]);
    fs::remove_file(blob).unwrap();
    home.refuses("ollama:half", &["missing", "pull"]);
    home.write(".ollama/models/manifests/registry/library/broken/latest", "{");
    home.refuses("ollama:broken", &["broken", "0 files"]);
    let empty = Home::new();
    empty.refuses("ollama:llama3", &["Ollama has no such model", "no model at all", ".ollama"]);
}

/// Files as they come from the hub: `models--ORG--NAME/refs/main` → `snapshots/COMMIT`.
fn repository(home: &Home, hub: &str, name: &str, files: &[&str]) -> PathBuf {
    let repository = format!("{hub}/models--{}", name.replace('/', "--"));
    home.write(&format!("{repository}/refs/main"), "a1b2c3");
    home.write(&format!("{repository}/snapshots/000000/config.json"), "older");
    for file in files {
        home.write(&format!("{repository}/snapshots/a1b2c3/{file}"), "");
    }
    home.dir.path().join(repository).join("snapshots/a1b2c3")
}

#[test]
fn repositories_in_the_hubs_cache() {
    let home = Home::new();
    let hub = ".cache/huggingface/hub";
    let whole =
        ["config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let llama = repository(&home, hub, "meta-llama/Llama-3.2-1B", &whole);
    let meta =
        repository(&home, hub, "meta-llama/Meta-Llama-3-8B", &["original/consolidated.00.pth"]);
    repository(&home, hub, "someone/only-a-tokenizer", &["tokenizer.json"]);
    let ggufs = [
        "L-Q4_K_M.gguf",
        "L-Q8_0.gguf",
        "BF16/L-00001-of-00002.gguf",
        "BF16/L-00002-of-00002.gguf",
        "mmproj-L.gguf",
    ];
    let gguf = repository(&home, hub, "someone/L-GGUF", &ggufs);
    home.finds("meta-llama/Llama-3.2-1B", &llama);
    home.finds("meta-llama/llama-3.2-1b", &llama);
    home.finds("meta-llama/Meta-Llama-3-8B", &meta);
    home.finds("someone/L-GGUF/L-Q8_0.gguf", &gguf.join("L-Q8_0.gguf"));
    home.finds("someone/L-GGUF:q4_k_m", &gguf.join("L-Q4_K_M.gguf"));
    home.finds("someone/L-GGUF:BF16", &gguf.join("BF16/L-00001-of-00002.gguf"));
    home.refuses("someone/L-GGUF", &["several", "someone/L-GGUF/L-Q8_0.gguf", "name the one"]);
    for unknown in ["meta-llama/Llama-4", "someone/only-a-tokenizer", "someone", "llama3"] {
        assert!(stores::find(unknown, &home.env).is_none(), "{unknown}");
    }
    let names = home.names();
    assert_eq!(names.len(), 5, "{names:?}");
}

#[test]
fn a_snapshot_without_a_branch() {
    let home = Home::new();
    let one = home.write("models--o--n/snapshots/123/config.json", "");
    let repository = home.dir.path().join("models--o--n");
    assert_eq!(stores::snapshot(&repository).as_deref(), one.parent());
    home.write("models--o--n/snapshots/456/config.json", "");
    assert_eq!(stores::snapshot(&repository), None, "two, and none is said to be the newest");
    assert_eq!(stores::snapshot(home.dir.path()), None);
}

#[test]
fn the_folders_of_lm_studio_and_llama_cpp() {
    let home = Home::new();
    let newer = home.write(".lmstudio/models/publisher/L-GGUF/L-Q4_K_M.gguf", "");
    let older = home.write(".cache/lm-studio/models/someone/M-GGUF/M.GGUF", "");
    let mlx = home.write(".lmstudio/models/mlx/L-4bit/model.safetensors", "");
    let linux = home.write(".cache/llama.cpp/org_repo_L.gguf", "");
    let mac = home.write("Library/Caches/llama.cpp/org_repo_M.gguf", "");
    home.write(".cache/llama.cpp/org_repo_L.gguf.json", "");
    home.finds("lmstudio:publisher/L-GGUF", &newer);
    home.finds("lmstudio:publisher/L-GGUF/L-Q4_K_M.gguf", &newer);
    home.finds("lmstudio:someone/M-GGUF", &older);
    home.finds("lmstudio:mlx/L-4bit", mlx.parent().unwrap());
    home.finds("llama.cpp:org_repo_L.gguf", &linux);
    home.finds("llama.cpp:org_repo_M.gguf", &mac);
    assert_eq!(home.names().len(), 5);
    home.write(
        ".lmstudio-home-pointer",
        &format!("{}\n", home.dir.path().join("elsewhere").display()),
    );
    let moved = home.dir.path().join("big disk");
    let settings = json!({"downloadsFolder": moved}).to_string();
    home.write("elsewhere/settings.json", &settings);
    let there = home.write("big disk/publisher/N-GGUF/N.gguf", "");
    home.finds("lmstudio:publisher/N-GGUF", &there);
}

#[test]
fn variables_name_other_places() {
    for (variable, place, path, typed) in [
        ("OLLAMA_MODELS", "o", "o/manifests/r/library/l/latest", "ollama:l"),
        ("HF_HUB_CACHE", "h", "h/models--o--l/snapshots/1/model.safetensors", "o/l"),
        ("HUGGINGFACE_HUB_CACHE", "h", "h/models--o--l/snapshots/1/model.safetensors", "o/l"),
        ("HF_HOME", "h", "h/hub/models--o--l/snapshots/1/model.safetensors", "o/l"),
        (
            "XDG_CACHE_HOME",
            "x",
            "x/huggingface/hub/models--o--l/snapshots/1/model.safetensors",
            "o/l",
        ),
        ("XDG_CACHE_HOME", "x", "x/llama.cpp/l.gguf", "llama.cpp:l.gguf"),
        ("LLAMA_CACHE", "c", "c/l.gguf", "llama.cpp:l.gguf"),
        ("LLAMA_CACHE", "c", "c/models--o--l/snapshots/1/l.gguf", "o/l"),
        ("LOCALAPPDATA", "AppData/Local", "AppData/Local/llama.cpp/l.gguf", "llama.cpp:l.gguf"),
    ] {
        let mut home = Home::new();
        home.write(path, "");
        assert!(home.names().is_empty(), "{variable} is not set yet");
        home.set(variable, place);
        assert_eq!(home.names().len(), 1, "{variable}");
        assert!(stores::find(typed, &home.env).is_some(), "{variable}");
        home.env.variables.insert(variable.into(), format!("~/{place}").into());
        assert_eq!(home.names().len(), 1, "{variable} with ~");
        home.env.variables.insert(variable.into(), "".into());
        assert!(home.names().is_empty(), "an empty {variable} is none");
    }
}

/// A model in Ollama's store, made from random weights.
fn put_gguf(home: &Home, name: &str, model: &Checkpoint) {
    let blob = home.ollama(&format!("registry/library/{name}/latest"), &["model"]);
    gguf::write(&blob, &model.config, &gguf::quantised(model, GgmlDType::BF16));
}

#[test]
fn what_is_found_is_listed_with_whether_it_runs() {
    let home = Home::new();
    let default = home.ollama("registry/library/small/latest", &["model"]);
    fs::remove_file(&default).unwrap();
    link(&default_model(), &default);
    put_gguf(&home, "tiny", &Checkpoint::rehearsal("tiny").unwrap());
    home.ollama("registry/library/tuned/latest", &["model", "adapter"]);
    let hub = ".cache/huggingface/hub";
    let bert = repository(&home, hub, "org/bert", &["config.json"]);
    fs::copy(oracles().join("mha_hd8/hf/model.safetensors"), bert.join("model.safetensors"))
        .unwrap();
    fs::write(bert.join("config.json"), r#"{"model_type": "bert"}"#).unwrap();
    let rows = inventory::rows(&home.env);
    let row = |name: &str| rows.iter().find(|row| row.name == name).unwrap();
    let kinds = ["ollama:small", "ollama:tiny", "ollama:tuned", "org/bert"]
        .map(|name| row(name).kind.as_str());
    assert_eq!(kinds, ["gguf Q4_1", "gguf BF16", "", "safetensors"]);
    assert_eq!(row("ollama:small").runs, "yes");
    assert!(
        row("ollama:tiny").runs.starts_with("only with --tokens: "),
        "{:?}",
        row("ollama:tiny")
    );
    assert!(row("ollama:tuned").runs.starts_with("no: an adapter"), "{:?}", row("ollama:tuned"));
    assert!(row("org/bert").runs.contains("bert"), "{:?}", row("org/bert"));
    assert!(row("org/bert").n_bytes > 400_000 && row("ollama:small").n_bytes > 90_000_000);
    assert_eq!(inventory::llama3(&home.env), None);
}

#[test]
fn a_llama_3_on_the_machine_is_known_by_its_vocabulary() {
    let home = Home::new();
    let mut config = Config::named("tiny").unwrap();
    put_gguf(&home, "tinyllama", &Checkpoint::rehearsal_of(config.clone(), 1).unwrap());
    assert_eq!(inventory::llama3(&home.env), None);
    (config.dim, config.hidden_dim, config.vocab_size) = (32, 32, 128256);
    (config.n_heads, config.n_kv_heads, config.head_dim) = (2, 1, 16);
    put_gguf(&home, "tuned-llama", &Checkpoint::rehearsal_of(config, 1).unwrap());
    assert_eq!(inventory::llama3(&home.env).as_deref(), Some("ollama:tuned-llama"));
}

/// Two names for one file, or a copy where the file system has no such thing.
fn link(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(|_| ())).unwrap();
}

#[test]
fn the_example_lists_what_is_there_and_tells_of_llama_3() {
    let home = Home::new();
    let small = default_model();
    let file = small.file_name().unwrap();
    let weights = home.dir.path().join("weights");
    link(&small, &weights.join("SmolLM2-135M-Instruct").join(file));
    let mut config = Config::named("tiny").unwrap();
    (config.dim, config.hidden_dim, config.vocab_size) = (32, 32, 128256);
    (config.n_heads, config.n_kv_heads, config.head_dim) = (2, 1, 16);
    put_gguf(&home, "llama3", &Checkpoint::rehearsal_of(config, 1).unwrap());
    let run = |arguments: &[&str]| {
        let mut command = example("predict_42");
        command.args(arguments).env("LLAMA3_WEIGHTS", &weights);
        command.env("OLLAMA_MODELS", home.dir.path().join(".ollama/models"));
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    };
    let before = files(home.dir.path());
    let (list, _) = run(&["--list"]);
    let line = |name: &str| list.lines().find(|line| line.starts_with(name)).unwrap().to_string();
    assert!(line("SmolLM2-135M-Instruct").ends_with("| yes"), "{list}");
    assert!(line("ollama:llama3").contains("gguf BF16"), "{list}");
    let cheap = ["--tokens", "1,2", "--steps", "1", "--no-lens", "--json"];
    let hint = "Llama 3 is on this machine: \
                cargo run --release --example predict_42 -- --model ollama:llama3\n";
    assert_eq!(run(&cheap).1, hint);
    let named = [&["--model", "ollama:llama3"][..], &cheap].concat();
    let (json, stderr) = run(&named);
    assert!(json.contains(r#""model":"ollama:llama3""#), "{json}{stderr}");
    assert_eq!(stderr, "");
    assert_eq!(files(home.dir.path()), before, "nothing is written into stores");
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path());
    let mut all: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    all.sort();
    all
}
