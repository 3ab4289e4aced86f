//! Files as they come: under any name, in pieces, wrapped, out of order. Each gives the same numbers as
//! the plain file, or is refused by name.

mod common;

use candle_core::quantized::gguf_file::Value;
use candle_core::quantized::{GgmlDType, QTensor};
use common::same::*;
use common::*;
use llama3::config::RopeScaling;
use llama3::prelude::*;
use safetensors::{SafeTensors, tensor::TensorView};
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The small model as one GGUF file.
fn small_gguf(path: &Path) -> Checkpoint {
    let model = Checkpoint::open(oracle("mqa_hd16/meta")).unwrap();
    gguf::write(path, &model.config, &gguf::quantised(&model, GgmlDType::BF16));
    Checkpoint::open(path).unwrap()
}

#[test]
fn a_name_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain.gguf");
    small_gguf(&plain);
    for name in ["sha256-4d7a21", "MODEL.GGUF", "model.bin", "model.safetensors", "odd.gguf.gguf"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::copy(&plain, &path).unwrap();
        same(&path, &plain);
        same(dir.path(), &plain);
    }
    let meta = "gqa4_ffn272/meta";
    for name in
        ["meta_model_0.pt", "model.pth", "consolidated.00.pt", "pytorch_model.bin", "weights"]
    {
        let dir = renamed(meta, &[("consolidated.00.pth", name), ("params.json", "params.json")]);
        same(dir.path(), &oracle(meta));
        same(&dir.path().join(name), &oracle(meta));
    }
    let hf = "gqa4_ffn272/hf";
    for name in ["MODEL.SAFETENSORS", "my-finetune.safetensors", "pytorch_model.bin", "blob"] {
        let dir = renamed(hf, &[("model.safetensors", name), ("config.json", "config.json")]);
        same(dir.path(), &oracle(hf));
        same(&dir.path().join(name), &oracle(hf));
        same(&dir.path().join("config.json"), &oracle(hf));
    }
}

#[test]
fn a_download_that_still_runs_is_no_second_model() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole.gguf");
    small_gguf(&whole);
    let bytes = fs::read(&whole).unwrap();
    let unfinished = dir.path().join("other.gguf.part");
    fs::write(&unfinished, &bytes[..bytes.len() / 2]).unwrap();
    same(dir.path(), &whole);
    refused(&unfinished, &["other.gguf.part", "download is not complete"]);
    fs::remove_file(&whole).unwrap();
    refused(dir.path(), &["no weights yet", "other.gguf.part"]);
}

#[test]
fn whose_names_decides_which_description() {
    let dir = renamed("gqa4_ffn272/hf", &[("model.safetensors", "model.safetensors")]);
    let meta = renamed("gqa4_ffn272/meta", &[("params.json", "params.json")]);
    fs::copy(meta.path().join("params.json"), dir.path().join("params.json")).unwrap();
    refused(dir.path(), &["config.json", "missing", "Hugging Face's names"]);
    fs::copy(oracle("gqa4_ffn272/hf/config.json"), dir.path().join("config.json")).unwrap();
    same(dir.path(), &oracle("gqa4_ffn272/hf"));
}

/// Two models of the same sizes in one directory.
#[test]
fn the_file_that_is_named_is_the_one_that_is_read() {
    let config = Config::named("tiny").unwrap();
    let write = |seed| {
        let dir = tempfile::tempdir().unwrap();
        let model = Checkpoint::rehearsal_of(config.clone(), seed).unwrap();
        model.write(dir.path(), &|_| ()).unwrap();
        dir
    };
    let (one, two) = (write(1), write(2));
    let other = one.path().join("other.safetensors");
    fs::copy(two.path().join("consolidated.safetensors"), &other).unwrap();
    same(&other, two.path());
    let read = |path: &Path| numbers(&Checkpoint::open(path).unwrap())["norm.weight"].clone();
    assert_ne!(read(&other), read(one.path()));
    fs::rename(one.path().join("consolidated.safetensors"), one.path().join("some.safetensors"))
        .unwrap();
    refused(one.path(), &["2 models", "other.safetensors", "name the one you mean"]);
}

#[test]
fn a_rehearsal_that_is_written_is_read_as_it_was() {
    let tiny = Config::named("tiny").unwrap();
    let widths = [1, 2, 3, 100, 255, 256, 257, 1000].map(|hidden_dim| (96, hidden_dim, 2));
    let narrow = [(1, 7, 1), (2, 1, 1), (3, 9, 1), (98, 1, 1), (4096, 14, 1)];
    for (dim, hidden_dim, n_layers) in widths.into_iter().chain(narrow) {
        written_and_read(Config { dim, hidden_dim, n_layers, ..tiny.clone() });
    }
    for (n_heads, n_kv_heads, head_dim) in [(1, 1, 96), (2, 1, 10), (12, 12, 4), (6, 3, 2)] {
        written_and_read(Config { n_heads, n_kv_heads, head_dim, ..tiny.clone() });
    }
    // The depth and width of Llama 3.2 1B, whose output is tied: here it may not be.
    let llama32 = Config { dim: 2048, n_layers: 16, hidden_dim: 8, vocab_size: 64, ..tiny };
    let llama32 = Config { n_heads: 1, n_kv_heads: 1, head_dim: 2, ..llama32 };
    for (tied_output, factor, max_seq_len) in [(true, 1.5, 10), (false, 8.0, 1 << 20)] {
        let rope_scaling = Some(RopeScaling::llama31(factor));
        written_and_read(Config { tied_output, max_seq_len, rope_scaling, ..llama32.clone() });
    }
    let odd = RopeScaling { low_freq_factor: 2.0, ..RopeScaling::llama31(8.0) };
    let odd = Checkpoint::rehearsal_of(Config { rope_scaling: Some(odd), ..llama32 }, 1).unwrap();
    let error = odd.write(tempfile::tempdir().unwrap(), &|_| ()).unwrap_err().to_string();
    assert!(error.contains("low_freq_factor: 2.0"), "{error}");
}

fn written_and_read(config: Config) {
    let dir = tempfile::tempdir().unwrap();
    let model = Checkpoint::rehearsal_of(config, 1).unwrap();
    model.write(dir.path(), &|_| ()).unwrap();
    let opened = Checkpoint::open(dir.path()).unwrap();
    assert_eq!((opened.config, opened.assumed), (model.config, vec![]));
}

/// The tensors of a safetensors file for which `keep` holds, in a file of their own.
fn shard(from: &Path, to: &Path, keep: impl Fn(&str) -> bool) {
    let bytes = fs::read(from).unwrap();
    let all = SafeTensors::deserialize(&bytes).unwrap();
    let kept: Vec<(String, TensorView)> =
        all.tensors().into_iter().filter(|(name, _)| keep(name)).collect();
    safetensors::serialize_to_file(kept, None, to).unwrap();
}

#[test]
fn a_whole_file_beside_shards_of_another_download() {
    let sharded = oracle("llama31_sharded/hf");
    let files = |dir: &Path| {
        for entry in fs::read_dir(&sharded).unwrap().flatten() {
            fs::copy(entry.path(), dir.join(entry.file_name())).unwrap();
        }
    };
    let dir = tempfile::tempdir().unwrap();
    files(dir.path());
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    for name in names.iter().chain(&["model.safetensors.index.json"]) {
        same(&dir.path().join(name), &sharded);
    }
    fs::remove_file(dir.path().join("model.safetensors.index.json")).unwrap();
    same(dir.path(), &sharded);
    same(&dir.path().join(names[1]), &sharded);
    fs::remove_file(dir.path().join(names[1])).unwrap();
    refused(dir.path(), &[names[1], "of the 2 pieces, 1 are here"]);

    let whole = renamed(
        "mha_hd8/hf",
        &[("model.safetensors", "model.safetensors"), ("config.json", "config.json")],
    );
    let index = json!({"weight_map": {"lm_head.weight": "model-00001-of-00009.safetensors"}});
    fs::write(whole.path().join("model.safetensors.index.json"), index.to_string()).unwrap();
    fs::copy(dir.path().join(names[0]), whole.path().join(names[0])).unwrap();
    same(whole.path(), &oracle("mha_hd8/hf"));
    same(&whole.path().join("model.safetensors"), &oracle("mha_hd8/hf"));
}

#[test]
fn a_tensor_in_two_shards_is_taken_where_the_index_says() {
    let from = oracle("mha_hd8/hf");
    let dir = renamed("mha_hd8/hf", &[("config.json", "config.json")]);
    let (a, b) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
    let whole = from.join("model.safetensors");
    shard(&whole, &dir.path().join(a), |name| !name.starts_with("model.norm"));
    shard(&whole, &dir.path().join(b), |name| !name.contains("layers"));
    // The second one's copies are spoiled.
    let mut bytes = fs::read(dir.path().join(b)).unwrap();
    let header = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize + 8;
    let norm = SafeTensors::deserialize(&fs::read(&whole).unwrap())
        .unwrap()
        .tensor("model.norm.weight")
        .unwrap()
        .data()
        .to_vec();
    let at = (header..bytes.len()).find(|&i| bytes[i..].starts_with(&norm)).unwrap();
    for (i, byte) in bytes[header..].iter_mut().enumerate() {
        if !(at..at + norm.len()).contains(&(i + header)) {
            *byte ^= 1;
        }
    }
    fs::write(dir.path().join(b), bytes).unwrap();
    refused(dir.path(), &["is also in", "of another download"]);
    let all = fs::read(&whole).unwrap();
    let all = SafeTensors::deserialize(&all).unwrap();
    let place = |name: &str| if name == "model.norm.weight" { b } else { a };
    let map: HashMap<&str, &str> =
        all.names().into_iter().map(|name| (name, place(name))).collect();
    fs::write(
        dir.path().join("model.safetensors.index.json"),
        json!({"weight_map": map}).to_string(),
    )
    .unwrap();
    same(dir.path(), &from);
    same(&dir.path().join(b), &from);
}

#[test]
fn what_is_no_llama_is_named() {
    let dir = renamed("mha_hd8/hf", &[("config.json", "config.json")]);
    let adapter = dir.path().join("adapter_model.safetensors");
    let view = |bytes| TensorView::new(safetensors::Dtype::F32, vec![1, 1], bytes).unwrap();
    let tensors = [("base_model.model.layers.0.q_proj.lora_A.weight", view(&[0; 4]))];
    safetensors::serialize_to_file(tensors, None, &adapter).unwrap();
    refused(dir.path(), &["adapter_model.safetensors", "lora_A", "adapter (LoRA)", "merged"]);
}

/// As gguf-split cuts a model: the description is in the first piece alone.
fn pieces(dir: &Path) -> [PathBuf; 3] {
    let model = Checkpoint::open(oracle("mqa_hd16/meta")).unwrap();
    let mut tensors = gguf::quantised(&model, GgmlDType::BF16);
    let paths = [1, 2, 3].map(|i| dir.join(format!("small-{i:05}-of-00003.gguf")));
    for (no, path) in paths.iter().enumerate() {
        let mut metadata = gguf::metadata(&model.config);
        metadata.truncate(if no == 0 { metadata.len() } else { 0 });
        metadata.push(("split.no".into(), Value::U16(no as u16)));
        metadata.push(("split.count".into(), Value::U16(3)));
        metadata.push(("split.tensors.count".into(), Value::I32(tensors.len() as i32)));
        let own: Vec<(String, QTensor)> =
            tensors.drain(..if no == 2 { tensors.len() } else { 5 }).collect();
        gguf::write_with(path, &metadata, &own);
    }
    paths
}

#[test]
fn gguf_in_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let whole = tempfile::tempdir().unwrap();
    small_gguf(&whole.path().join("small.gguf"));
    let paths = pieces(dir.path());
    for path in paths.iter().map(PathBuf::as_path).chain([dir.path()]) {
        same(path, whole.path());
        assert_eq!(Checkpoint::open(path).unwrap().name, "small");
    }
    let elsewhere = dir.path().join("blob");
    fs::copy(&paths[1], &elsewhere).unwrap();
    refused(&elsewhere, &["cut in 3", "-00001-of-00003.gguf", "llama-gguf-split --merge"]);
    fs::copy(&paths[2], &paths[1]).unwrap();
    refused(&paths[0], &["00002-of-00003.gguf", "piece 3"]);
    fs::remove_file(&paths[1]).unwrap();
    refused(
        &paths[0],
        &["00002-of-00003.gguf: the file is missing", "of the 3 pieces, 2 are here"],
    );
}

#[test]
fn the_alignment_of_gguf() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.gguf");
    let model = small_gguf(&path);
    let mut metadata = gguf::metadata(&model.config);
    let tensors = gguf::quantised(&model, GgmlDType::BF16);
    for (alignment, words) in [(48u32, "power of two"), (1 << 20, "no multiple of the alignment")] {
        metadata.push(("general.alignment".into(), Value::U32(alignment)));
        gguf::write_with(&path, &metadata, &tensors);
        refused(&path, &[words, &alignment.to_string(), "convert"]);
        metadata.pop();
    }
    gguf::write(&path, &model.config, &tensors);
    let more = [fs::read(&path).unwrap(), vec![0; 32]].concat();
    fs::write(&path, more).unwrap();
    refused(&path, &["32 bytes are left over", "general.alignment = 32"]);
}

/// As in the hub's cache after its blobs were moved; and what would never end.
#[cfg(unix)]
#[test]
fn links_to_nothing_and_pipes() {
    let dir = renamed("gqa4_ffn272/hf", &[("config.json", "config.json")]);
    let weights = dir.path().join("model.safetensors");
    std::os::unix::fs::symlink("../blobs/1f2e", &weights).unwrap();
    refused(dir.path(), &["model.safetensors: a link to ../blobs/1f2e", "not there"]);
    fs::remove_file(&weights).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&weights).status().unwrap().success());
    refused(&weights, &["model.safetensors", "pipe"]);
    refused(dir.path(), &["model.safetensors", "pipe"]);
    fs::rename(&weights, dir.path().join("some.gguf")).unwrap();
    refused(dir.path(), &["no weights here"]);
    refused(Path::new("/dev/zero"), &["device"]);
}

#[test]
fn weights_in_a_folder_below_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let commits = ["1f", "2e"].map(|commit| dir.path().join("snapshots").join(commit));
    for commit in &commits {
        fs::create_dir_all(commit).unwrap();
        small_gguf(&commit.join("small.gguf"));
    }
    let first = commits[0].display().to_string();
    refused(dir.path(), &["no weights here", "name the folder", &first]);
    refused(&dir.path().join("snapshots"), &["no weights here", &first]);
}

#[test]
fn a_repository_in_the_hubs_cache() {
    let dir = tempfile::tempdir().unwrap();
    let repository = dir.path().join("models--org--Small-Llama-Instruct");
    let snapshot = repository.join("snapshots/a1b2c3");
    for path in [&snapshot, &repository.join("refs"), &repository.join("blobs")] {
        fs::create_dir_all(path).unwrap();
    }
    fs::write(repository.join("refs/main"), "a1b2c3").unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(oracle("mha_hd8/hf").join(file), snapshot.join(file)).unwrap();
    }
    let link = dir.path().join("My-Link");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&snapshot, &link).unwrap();
    #[cfg(not(unix))]
    let link = snapshot.clone();
    for path in [&repository, &snapshot, &snapshot.join("model.safetensors"), &link] {
        same(path, &oracle("mha_hd8/hf"));
        let name = Checkpoint::open(path).unwrap().name;
        let expected = if path == &link && cfg!(unix) { "My-Link" } else { "Small-Llama-Instruct" };
        assert_eq!(name, expected, "{}", path.display());
    }
}
