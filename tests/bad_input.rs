//! Bad input gives a clear error: which file, which tensor, what was expected, what to do. Never a
//! panic, never a silent wrong answer.

mod common;
#[path = "bad_input/other_models.rs"]
mod other_models;

use common::oracles;
use llama3::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A copy of a reference checkpoint that a test may spoil.
fn copy(name: &str, layout: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(oracles().join(name).join(layout)).unwrap().flatten() {
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

fn edit_json(path: PathBuf, edit: impl FnOnce(&mut Value)) {
    let mut value = common::json(&path);
    edit(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

/// The error's text, which must contain every one of the words.
#[track_caller]
fn refused(path: &Path, words: &[&str]) {
    match Checkpoint::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(e) => says(&e, words),
    }
}

#[track_caller]
fn says(error: &Error, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "expected {word:?} in: {text}");
    }
}

#[test]
fn nothing_there() {
    let dir = tempfile::tempdir().unwrap();
    refused(dir.path(), &["empty", "consolidated.00.pth", "weights/README.md"]);
    refused(&dir.path().join("none"), &["no such file", "none"]);
    fs::write(dir.path().join("notes.txt"), "hello").unwrap();
    refused(dir.path(), &["no weights here", "notes.txt"]);
    refused(
        &dir.path().join("notes.txt"),
        &["not a GGUF, safetensors or PyTorch file", "weights/README.md"],
    );
    fs::write(dir.path().join("model.safetensors.incomplete"), "x").unwrap();
    refused(dir.path(), &["download", "model.safetensors.incomplete"]);
    let unknown = Checkpoint::open_named("no-such-model", &Options::default()).err().unwrap();
    says(&unknown, &["no-such-model", "rehearsal:NAME", "llama-3-8b", "README"]);
    says(&Checkpoint::rehearsal("llama-9").err().unwrap(), &["llama-9", "llama-3-8b"]);
    says(&Checkpoint::rehearsal("llama-3-8b:many").err().unwrap(), &["many", "layers"]);
    assert!(Checkpoint::rehearsal("llama-3-8b:0").is_err());
}

#[test]
fn a_description_that_contradicts_itself() {
    let cases: [(&str, Value, &[&str]); 14] = [
        ("dim", json!(97), &["dim = 97", "multiple of n_heads = 12"]),
        ("n_kv_heads", json!(5), &["n_kv_heads = 5", "n_heads = 12"]),
        ("n_heads", json!(0), &["dim = 96", "n_heads = 0"]),
        ("n_kv_heads", json!(0), &["n_kv_heads = 0"]),
        ("n_layers", json!(0), &["n_layers = 0"]),
        ("n_layers", json!(1_000_000_000), &["n_layers = 1000000000"]),
        ("vocab_size", json!(-1), &["vocab_size = -1", "whole number"]),
        ("vocab_size", json!("389"), &["vocab_size = \"389\""]),
        ("multiple_of", json!(0), &["multiple_of = 0"]),
        ("ffn_dim_multiplier", json!(1e300), &["multiple_of", "FFN"]),
        ("norm_eps", json!(0.0), &["norm_eps = 0"]),
        ("rope_theta", json!(-5), &["rope_theta = -5"]),
        ("dim", Value::Null, &["dim", "required"]),
        ("use_scaled_rope", json!("yes"), &["use_scaled_rope", "true or false"]),
    ];
    for (key, value, words) in cases {
        let dir = copy("gqa4_ffn272", "meta");
        edit_json(dir.path().join("params.json"), |params| params[key] = value);
        refused(dir.path(), &[words, &["params.json"]].concat());
    }
}

#[test]
fn a_misspelt_key() {
    for (wrong, right) in [("n_kv_head", "n_kv_heads"), ("ropetheta", "rope_theta")] {
        let dir = copy("gqa4_ffn272", "meta");
        edit_json(dir.path().join("params.json"), |params| {
            let value = params.as_object_mut().unwrap().remove(right).unwrap();
            params[wrong] = value;
        });
        refused(dir.path(), &["params.json", wrong, right, "meant"]);
    }
    let dir = copy("gqa4_ffn272", "hf");
    edit_json(dir.path().join("config.json"), |config| {
        let value = config.as_object_mut().unwrap().remove("num_key_value_heads").unwrap();
        config["num_key_values_heads"] = value;
    });
    refused(dir.path(), &["config.json", "num_key_values_heads", "num_key_value_heads"]);
}

#[test]
fn a_model_that_is_not_a_llama() {
    let cases = [
        ("model_type", json!("gpt2"), "gpt2"),
        ("hidden_act", json!("gelu"), "gelu"),
        ("attention_bias", json!(true), "biases"),
        ("rope_scaling", json!({"rope_type": "yarn", "factor": 4.0}), "rope_scaling.rope_type"),
        ("rope_scaling", json!({"rope_type": "llama3"}), "rope_scaling.factor"),
    ];
    for (key, value, word) in cases {
        let dir = copy("llama31_sharded", "hf");
        edit_json(dir.path().join("config.json"), |config| config[key] = value);
        refused(dir.path(), &["config.json", word]);
    }
}

/// What changes the frequencies is obeyed, wherever it stands, or refused.
#[test]
fn scaling_of_rope() {
    let with = |edit: &dyn Fn(&mut Value)| {
        let dir = copy("llama31_sharded", "hf");
        edit_json(dir.path().join("config.json"), edit);
        Checkpoint::open(dir.path()).map(|checkpoint| checkpoint.config)
    };
    let scaled = with(&|_| {}).unwrap();
    assert!(scaled.rope_scaling.is_some());
    for beside in [json!({}), json!({"rope_type": "default"}), json!({"rope_theta": 7.0})] {
        let config = with(&|config| config["rope_parameters"] = beside.clone()).unwrap();
        assert_eq!(config, scaled, "rope_scaling goes before {beside}");
    }
    let moved = with(&|config| {
        config["rope_parameters"] = config["rope_scaling"].take();
        config["rope_parameters"]["rope_theta"] = config["rope_theta"].take();
    });
    assert_eq!(moved.unwrap(), scaled);
    for empty in [Value::Null, json!({}), json!({"type": "default"})] {
        let config = with(&|config| config["rope_scaling"] = empty.clone()).unwrap();
        assert_eq!(config.rope_scaling, None, "{empty}");
    }
    let cases: [(Value, &str); 4] = [
        (json!({"factor": 8.0}), "rope_scaling.factor = 8.0"),
        (json!({"rope_type": "default", "factor": 8}), "rope_scaling.factor = 8"),
        (json!({"rope_type": "llama3", "factr": 8}), "is factor meant?"),
        (json!("llama3"), "an object"),
    ];
    for (scaling, word) in cases {
        let error = with(&|config| config["rope_scaling"] = scaling.clone()).err();
        says(&error.unwrap(), &["config.json", word]);
    }
}

#[test]
fn a_description_of_another_model() {
    let dir = copy("gqa4_ffn272", "meta");
    edit_json(dir.path().join("params.json"), |params| params["n_kv_heads"] = json!(6));
    refused(dir.path(), &["layers.0.attention.wk.weight", "[48, 96]", "[24, 96]", "n_kv_heads"]);
    let dir = copy("gqa4_ffn272", "meta");
    edit_json(dir.path().join("params.json"), |params| params["n_layers"] = json!(3));
    refused(dir.path(), &["layers.2.attention.wq.weight", "no tensor"]);
    let dir = copy("mha_hd8", "hf");
    edit_json(dir.path().join("config.json"), |config| config["intermediate_size"] = json!(200));
    refused(dir.path(), &["model.layers.0.mlp.gate_proj.weight", "[200, 64]", "[192, 64]"]);
}

#[test]
fn missing_files() {
    for (name, layout, file, words) in [
        ("gqa4_ffn272", "meta", "params.json", ["params.json", "copy"]),
        ("gqa4_ffn272", "hf", "config.json", ["config.json", "copy"]),
        (
            "llama31_sharded",
            "hf",
            "model-00002-of-00002.safetensors",
            ["of the 2 shards that the index names, 1", "00002-of"],
        ),
    ] {
        let dir = copy(name, layout);
        fs::remove_file(dir.path().join(file)).unwrap();
        refused(dir.path(), &words);
    }
    let dir = copy("gqa4_ffn272", "meta");
    fs::write(dir.path().join("consolidated.01.pth"), "x").unwrap();
    refused(dir.path(), &["consolidated.01.pth", "not a GGUF"]);
}

#[test]
fn another_file_in_disguise() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    for (text, word) in [(pointer, "git lfs pull"), ("<!DOCTYPE html><p>no", "web page")] {
        let dir = copy("gqa4_ffn272", "hf");
        fs::write(dir.path().join("model.safetensors"), text).unwrap();
        refused(dir.path(), &["model.safetensors", word]);
        let gguf = dir.path().join("model.gguf");
        fs::write(&gguf, text).unwrap();
        refused(&gguf, &["model.gguf", word]);
    }
    let dir = copy("gqa4_ffn272", "meta");
    fs::write(dir.path().join("consolidated.00.pth"), "").unwrap();
    refused(dir.path(), &["consolidated.00.pth", "empty"]);
    let dir = copy("gqa4_ffn272", "meta");
    fs::write(dir.path().join("params.json"), "{ \"dim\": 96,").unwrap();
    refused(dir.path(), &["params.json", "not valid JSON"]);
}

/// Every length of a download that stopped, at the header, in the middle and near the end.
#[test]
fn a_download_that_stopped() {
    let stop = |path: &Path| {
        let whole = fs::read(path).unwrap();
        for part in [1, 7, 100, whole.len() / 2, whole.len() - 1] {
            fs::write(path, &whole[..part]).unwrap();
            refused(path, &["download", &path.file_name().unwrap().to_string_lossy()]);
        }
    };
    stop(&copy("gqa4_ffn272", "meta").path().join("consolidated.00.pth"));
    stop(&copy("gqa4_ffn272", "hf").path().join("model.safetensors"));
    stop(&copy("llama31_sharded", "hf").path().join("model-00001-of-00002.safetensors"));
    let dir = tempfile::tempdir().unwrap();
    let gguf = dir.path().join("model.gguf");
    fs::copy(common::default_model(), &gguf).unwrap();
    stop(&gguf);
}

/// Damaged bytes anywhere in a description: an error or another model, but never a panic.
#[test]
fn damaged_bytes() {
    let damage = |path: &Path, range: std::ops::Range<usize>, dir: &Path| {
        let whole = fs::read(path).unwrap();
        let mut random = 7u64;
        for _ in 0..600 {
            let mut bytes = whole.clone();
            for _ in 0..3 {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let at = range.start + (random >> 33) as usize % (range.end - range.start);
                bytes[at] = (random >> 24) as u8;
            }
            fs::write(path, bytes).unwrap();
            let _ = Checkpoint::open(dir);
        }
        fs::write(path, whole).unwrap();
        Checkpoint::open(dir).unwrap();
    };
    let dir = copy("mha_hd8", "meta");
    let pth = dir.path().join("consolidated.00.pth");
    let length = fs::metadata(&pth).unwrap().len() as usize;
    damage(&pth, 0..6000, dir.path());
    damage(&pth, length - 4000..length, dir.path());
    let dir = copy("mha_hd8", "hf");
    damage(&dir.path().join("model.safetensors"), 0..3000, dir.path());
    damage(&dir.path().join("config.json"), 0..500, dir.path());
}

#[test]
fn tokens_that_the_model_cannot_read() {
    let model = Transformer::new(&Checkpoint::rehearsal("tiny").unwrap()).unwrap();
    let run =
        |ids: &[u32]| model.forward(ids, &mut model.new_cache(), &mut unobserved).err().unwrap();
    says(&run(&[]), &["empty"]);
    says(&run(&[1, 49152]), &["49152", "0 to 49151"]);
    let too_long = vec![1; model.config.max_seq_len + 1];
    says(&run(&too_long), &["position 8192", "0 to 8191"]);
}

#[test]
fn observers_may_stop_a_pass_and_leave_the_cache_as_it_was() {
    let model = Transformer::new(&Checkpoint::rehearsal("tiny").unwrap()).unwrap();
    let mut cache = model.new_cache();
    let whole = model.next_logits(&[5, 6, 7], &mut cache, &mut unobserved).unwrap();
    cache.truncate(1);
    let stopped = model.forward(&[9, 9], &mut cache, &mut |site, _| match site {
        Site::Residual(0) => Err(Error::Argument("stopped".into())),
        _ => Ok(None),
    });
    says(&stopped.err().unwrap(), &["stopped"]);
    assert_eq!(cache.len(), 1);
    let again = model.next_logits(&[6, 7], &mut cache, &mut unobserved).unwrap();
    let off = common::distance(&whole.to_vec1().unwrap(), &again.to_vec1().unwrap());
    assert!(off < 1e-5);
    let wrong = model.forward(&[1], &mut cache, &mut |site, x| match site {
        Site::Scores(1) => Ok(Some(x.flatten_all()?)),
        _ => Ok(None),
    });
    says(&wrong.err().unwrap(), &["Scores(1)", "same shape"]);
}
