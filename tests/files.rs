//! Files as they come: under any name, in pieces, wrapped, out of order. Each gives the same numbers as
//! the plain file, or is refused by name.

mod common;

use candle_core::quantized::gguf_file::Value;
use candle_core::quantized::{GgmlDType, QTensor};
use common::*;
use llama3::prelude::*;
use safetensors::{SafeTensors, tensor::TensorView};
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// All numbers of a model, by Meta's names.
fn numbers(checkpoint: &Checkpoint) -> HashMap<String, Vec<f32>> {
    let read = |name: String| {
        let tensor = checkpoint.tensor(&name).unwrap().flatten_all().unwrap();
        (name, tensor.to_vec1().unwrap())
    };
    checkpoint.names().into_iter().map(read).collect()
}

#[track_caller]
fn same(path: &Path, as_in: &Path) {
    let (one, other) = (Checkpoint::open(path), Checkpoint::open(as_in).unwrap());
    let one = one.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(one.config, other.config, "{}", path.display());
    assert!(
        numbers(&one) == numbers(&other),
        "{}: other numbers",
        path.display()
    );
}

#[track_caller]
fn refused(path: &Path, words: &[&str]) {
    let error = match Checkpoint::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(e) => e.to_string(),
    };
    for word in words {
        assert!(error.contains(word), "expected {word:?} in: {error}");
    }
}

fn oracle(name: &str) -> PathBuf {
    oracles().join(name)
}

/// A directory with these files of an oracle's, under other names.
fn renamed(from: &str, files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (old, new) in files {
        fs::copy(oracle(from).join(old), dir.path().join(new)).unwrap();
    }
    dir
}

/// The small model as one GGUF file.
fn small_gguf(path: &Path) -> Checkpoint {
    let model = Checkpoint::open(oracle("mqa_hd16/meta")).unwrap();
    gguf::write(
        path,
        &model.config,
        &gguf::quantised(&model, GgmlDType::BF16),
    );
    Checkpoint::open(path).unwrap()
}

#[test]
fn a_name_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain.gguf");
    small_gguf(&plain);
    for name in [
        "sha256-4d7a21",
        "MODEL.GGUF",
        "model.bin",
        "model.safetensors",
        "odd.gguf.gguf",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::copy(&plain, &path).unwrap();
        same(&path, &plain);
        same(dir.path(), &plain);
    }
    let meta = "gqa4_ffn272/meta";
    for name in [
        "meta_model_0.pt",
        "model.pth",
        "consolidated.00.pt",
        "pytorch_model.bin",
        "weights",
    ] {
        let dir = renamed(
            meta,
            &[
                ("consolidated.00.pth", name),
                ("params.json", "params.json"),
            ],
        );
        same(dir.path(), &oracle(meta));
        same(&dir.path().join(name), &oracle(meta));
    }
    let hf = "gqa4_ffn272/hf";
    for name in [
        "MODEL.SAFETENSORS",
        "my-finetune.safetensors",
        "pytorch_model.bin",
        "blob",
    ] {
        let dir = renamed(
            hf,
            &[("model.safetensors", name), ("config.json", "config.json")],
        );
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
    refused(
        &unfinished,
        &["other.gguf.part", "download is not complete"],
    );
    fs::remove_file(&whole).unwrap();
    refused(dir.path(), &["no weights yet", "other.gguf.part"]);
}

#[test]
fn whose_names_decides_which_description() {
    let dir = renamed(
        "gqa4_ffn272/hf",
        &[("model.safetensors", "model.safetensors")],
    );
    let meta = renamed("gqa4_ffn272/meta", &[("params.json", "params.json")]);
    fs::copy(
        meta.path().join("params.json"),
        dir.path().join("params.json"),
    )
    .unwrap();
    refused(
        dir.path(),
        &["config.json", "missing", "Hugging Face's names"],
    );
    fs::copy(
        oracle("gqa4_ffn272/hf/config.json"),
        dir.path().join("config.json"),
    )
    .unwrap();
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
    fs::rename(
        one.path().join("consolidated.safetensors"),
        one.path().join("some.safetensors"),
    )
    .unwrap();
    refused(
        one.path(),
        &["2 models", "other.safetensors", "name the one you mean"],
    );
}

/// The tensors of a safetensors file for which `keep` holds, in a file of their own.
fn shard(from: &Path, to: &Path, keep: impl Fn(&str) -> bool) {
    let bytes = fs::read(from).unwrap();
    let all = SafeTensors::deserialize(&bytes).unwrap();
    let kept: Vec<(String, TensorView)> = all
        .tensors()
        .into_iter()
        .filter(|(name, _)| keep(name))
        .collect();
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
    let names = [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ];
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
        &[
            ("model.safetensors", "model.safetensors"),
            ("config.json", "config.json"),
        ],
    );
    let index = json!({"weight_map": {"lm_head.weight": "model-00001-of-00009.safetensors"}});
    fs::write(
        whole.path().join("model.safetensors.index.json"),
        index.to_string(),
    )
    .unwrap();
    fs::copy(dir.path().join(names[0]), whole.path().join(names[0])).unwrap();
    same(whole.path(), &oracle("mha_hd8/hf"));
    same(
        &whole.path().join("model.safetensors"),
        &oracle("mha_hd8/hf"),
    );
}

#[test]
fn a_tensor_in_two_shards_is_taken_where_the_index_says() {
    let from = oracle("mha_hd8/hf");
    let dir = renamed("mha_hd8/hf", &[("config.json", "config.json")]);
    let (a, b) = (
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    );
    let whole = from.join("model.safetensors");
    shard(&whole, &dir.path().join(a), |name| {
        !name.starts_with("model.norm")
    });
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
    let at = (header..bytes.len())
        .find(|&i| bytes[i..].starts_with(&norm))
        .unwrap();
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
    let map: HashMap<&str, &str> = all
        .names()
        .into_iter()
        .map(|name| (name, place(name)))
        .collect();
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
    let tensors = [(
        "base_model.model.layers.0.q_proj.lora_A.weight",
        view(&[0; 4]),
    )];
    safetensors::serialize_to_file(tensors, None, &adapter).unwrap();
    refused(
        dir.path(),
        &[
            "adapter_model.safetensors",
            "lora_A",
            "adapter (LoRA)",
            "merged",
        ],
    );
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
        metadata.push((
            "split.tensors.count".into(),
            Value::I32(tensors.len() as i32),
        ));
        let own: Vec<(String, QTensor)> = tensors
            .drain(..if no == 2 { tensors.len() } else { 5 })
            .collect();
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
    refused(
        &elsewhere,
        &[
            "cut in 3",
            "-00001-of-00003.gguf",
            "llama-gguf-split --merge",
        ],
    );
    fs::copy(&paths[2], &paths[1]).unwrap();
    refused(&paths[0], &["00002-of-00003.gguf", "piece 3"]);
    fs::remove_file(&paths[1]).unwrap();
    refused(
        &paths[0],
        &[
            "00002-of-00003.gguf: the file is missing",
            "of the 3 pieces, 2 are here",
        ],
    );
}

#[test]
fn the_alignment_of_gguf() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.gguf");
    let model = small_gguf(&path);
    let mut metadata = gguf::metadata(&model.config);
    let tensors = gguf::quantised(&model, GgmlDType::BF16);
    for (alignment, words) in [
        (48u32, "power of two"),
        (1 << 20, "no multiple of the alignment"),
    ] {
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

/// The small model's tensors, by Meta's names, as bf16 bytes with their shapes.
fn stored(from: &str) -> Vec<(String, Vec<usize>, Vec<u8>)> {
    let bytes = fs::read(oracle(from).join("hf/model.safetensors")).unwrap();
    let all = SafeTensors::deserialize(&bytes).unwrap();
    let one =
        |(name, view): (String, TensorView)| (name, view.shape().to_vec(), view.data().to_vec());
    all.tensors().into_iter().map(one).collect()
}

/// Writes them as `pytorch_model.bin`, each as `how` lays it out: its pickle and the storage's bytes.
fn torch_model(
    how: impl Fn(usize, &[usize], &[u8]) -> (Vec<u8>, Vec<u8>),
    wrap: impl Fn(Vec<u8>) -> Vec<u8>,
) -> TempDir {
    let dir = renamed("gqa4_ffn272/hf", &[("config.json", "config.json")]);
    let (mut pairs, mut storages) = (vec![], vec![]);
    let tensors = stored("gqa4_ffn272");
    for (i, (name, shape, bytes)) in tensors.iter().enumerate() {
        let (pickle, storage) = how(i, shape, bytes);
        pairs.push((name.as_str(), pickle));
        storages.push(storage);
    }
    torch::save(
        &dir.path().join("pytorch_model.bin"),
        &wrap(torch::dict(&pairs)),
        &storages,
    );
    dir
}

fn strides(shape: &[usize]) -> Vec<usize> {
    let after = |axis| shape[axis + 1..].iter().product();
    (0..shape.len()).map(after).collect()
}

fn in_order(i: usize, shape: &[usize], bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (
        torch::tensor(i, "BFloat16Storage", 0, shape, &strides(shape)),
        bytes.to_vec(),
    )
}

/// The matrix as the transposed view of its transpose, with a number before it and one behind.
fn transposed(i: usize, shape: &[usize], bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let &[rows, columns] = shape else {
        return in_order(i, shape, bytes);
    };
    let places = (0..columns).flat_map(|c| (0..rows).map(move |r| 2 * (r * columns + c)));
    let numbers = places.flat_map(|at| [bytes[at], bytes[at + 1]]);
    let storage = [0, 0].into_iter().chain(numbers).chain([0, 0]).collect();
    (
        torch::tensor(i, "BFloat16Storage", 1, shape, &[1, rows]),
        storage,
    )
}

/// Every other column of a wider matrix.
fn sliced(i: usize, shape: &[usize], bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let storage = bytes
        .chunks(2)
        .flat_map(|number| [number, &[7, 7]].concat())
        .collect();
    let strides: Vec<usize> = strides(shape).iter().map(|stride| 2 * stride).collect();
    (
        torch::tensor(i, "BFloat16Storage", 0, shape, &strides),
        storage,
    )
}

fn parameter(i: usize, shape: &[usize], bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (tensor, storage) = in_order(i, shape, bytes);
    (torch::parameter(tensor), storage)
}

#[test]
fn tensors_as_torch_writes_them() {
    let expected = oracle("gqa4_ffn272/hf");
    let bare = |dict| dict;
    for dir in [
        torch_model(in_order, bare),
        torch_model(transposed, bare),
        torch_model(sliced, bare),
        torch_model(parameter, bare),
        torch_model(in_order, |dict| {
            torch::dict(&[("model", dict), ("step", torch::int(7))])
        }),
        torch_model(in_order, |dict| {
            torch::dict(&[("epoch", torch::int(7)), ("state_dict", dict)])
        }),
        torch_model(in_order, |dict| {
            torch::dict(&[("state_dict", torch::dict(&[("model", dict)]))])
        }),
    ] {
        same(dir.path(), &expected);
    }
}

#[test]
fn names_with_something_before_them() {
    for before in ["module.", "_orig_mod.", "model."] {
        let dir = renamed("gqa4_ffn272/hf", &[("config.json", "config.json")]);
        let tensors = stored("gqa4_ffn272");
        let named: Vec<(String, TensorView)> = tensors
            .iter()
            .map(|(name, shape, bytes)| {
                let view = TensorView::new(safetensors::Dtype::BF16, shape.clone(), bytes);
                (format!("{before}{name}"), view.unwrap())
            })
            .collect();
        safetensors::serialize_to_file(named, None, &dir.path().join("model.safetensors")).unwrap();
        same(dir.path(), &oracle("gqa4_ffn272/hf"));
    }
}

#[test]
fn shards_of_torch_with_their_index() {
    let dir = torch_model(in_order, |dict| dict);
    let tensors = stored("gqa4_ffn272");
    let shard = "pytorch_model-00001-of-00001.bin";
    fs::rename(dir.path().join("pytorch_model.bin"), dir.path().join(shard)).unwrap();
    let map: HashMap<&str, &str> = tensors
        .iter()
        .map(|(name, ..)| (name.as_str(), shard))
        .collect();
    let index = dir.path().join("pytorch_model.bin.index.json");
    fs::write(&index, json!({"weight_map": map}).to_string()).unwrap();
    for path in [dir.path(), &index, &dir.path().join(shard)] {
        same(path, &oracle("gqa4_ffn272/hf"));
    }
}

#[test]
fn what_cannot_be_read_of_torch_is_named() {
    let bare = |dict| dict;
    let model = |dir: &TempDir| dir.path().join("pytorch_model.bin");
    let long = torch_model(
        |i, shape, bytes| {
            let (tensor, storage) = in_order(i, shape, bytes);
            (tensor, storage[..storage.len() - 2].to_vec())
        },
        bare,
    );
    refused(
        &model(&long),
        &["numbers are needed, and it holds", "torch.save"],
    );
    let repeated = torch_model(
        |i, shape, bytes| {
            let strides = vec![0; shape.len()];
            (
                torch::tensor(i, "BFloat16Storage", 0, shape, &strides),
                bytes[..2].to_vec(),
            )
        },
        bare,
    );
    refused(&model(&repeated), &["not in order", "no room"]);
    let wide = torch_model(
        |i, shape, bytes| {
            (
                torch::tensor(i, "DoubleStorage", 0, shape, &strides(shape)),
                bytes.to_vec(),
            )
        },
        bare,
    );
    refused(
        &model(&wide),
        &["embed_tokens.weight", "stored as DoubleStorage", "BF16"],
    );
    let nothing = torch_model(in_order, |dict| {
        torch::dict(&[("net", dict), ("epoch", torch::int(1))])
    });
    refused(
        &model(&nothing),
        &[
            "no dictionary of tensors",
            "epoch, net",
            "model.state_dict()",
        ],
    );
    let object = torch_model(in_order, |_| {
        torch::call(torch::class("my.code", "Net"), &[])
    });
    refused(
        &model(&object),
        &["a Python object of my.code.Net", "model.state_dict()"],
    );
    let big = renamed("gqa4_ffn272/hf", &[("config.json", "config.json")]);
    torch::save_as(&model(&big), &torch::dict(&[]), &[], "big");
    refused(&model(&big), &["big-endian"]);
    let old = renamed("gqa4_ffn272/meta", &[("params.json", "params.json")]);
    let legacy = old.path().join("consolidated.00.pth");
    fs::write(
        &legacy,
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.",
    )
    .unwrap();
    refused(
        old.path(),
        &[
            "before version 1.6",
            "python3 -c",
            "torch.load",
            "torch.save",
        ],
    );
}

/// Piece `i` of `n` of a matrix of f32 numbers, by rows or by columns.
fn cut(values: &[f32], columns: usize, by_rows: bool, (i, n): (usize, usize)) -> Vec<u8> {
    let (rows, part) = (values.len() / columns, columns / n);
    let kept = (0..rows).flat_map(|r| {
        let all = &values[r * columns..(r + 1) * columns];
        match by_rows {
            true if r / (rows / n) == i => all.to_vec(),
            true => vec![],
            false => all[i * part..(i + 1) * part].to_vec(),
        }
    });
    kept.flat_map(f32::to_le_bytes).collect()
}

/// A checkpoint as Meta writes it for `n` devices: `consolidated.00.pth`, `consolidated.01.pth` …
fn cut_for_devices(model: &Checkpoint, n: usize, embedding_by_rows: bool) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    model.write(dir.path(), &|_| ()).unwrap();
    fs::remove_file(dir.path().join("consolidated.safetensors")).unwrap();
    for i in 0..n {
        let (mut pairs, mut storages) = (vec![], vec![]);
        let names = model.names();
        for (at, name) in names.iter().enumerate() {
            let tensor = model.tensor(name).unwrap();
            let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
            let by_columns = ["wo.weight", "w2.weight"]
                .iter()
                .any(|end| name.ends_with(end));
            let by_rows = if name.starts_with("tok") {
                embedding_by_rows
            } else {
                !by_columns
            };
            let (shape, bytes) = match *tensor.dims() {
                [rows, columns] if by_rows => {
                    (vec![rows / n, columns], cut(&values, columns, true, (i, n)))
                }
                [rows, columns] => (
                    vec![rows, columns / n],
                    cut(&values, columns, false, (i, n)),
                ),
                _ => (
                    tensor.dims().to_vec(),
                    cut(&values, values.len(), true, (0, 1)),
                ),
            };
            pairs.push((
                name.as_str(),
                torch::tensor(at, "FloatStorage", 0, &shape, &strides(&shape)),
            ));
            storages.push(bytes);
        }
        let path = dir.path().join(format!("consolidated.{i:02}.pth"));
        torch::save(&path, &torch::dict(&pairs), &storages);
    }
    dir
}

#[test]
fn a_model_that_was_cut_for_several_devices() {
    let mut config = Config::named("tiny").unwrap();
    (config.dim, config.hidden_dim, config.vocab_size) = (64, 192, 128);
    (config.n_heads, config.n_kv_heads, config.head_dim) = (8, 4, 8);
    let model = Checkpoint::rehearsal_of(config, 3).unwrap();
    let logits = |model: &Checkpoint, ids: &[u32]| {
        let model = Transformer::new(model).unwrap();
        let logits = model
            .forward(ids, &mut model.new_cache(), &mut unobserved)
            .unwrap();
        logits.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    for (n, embedding_by_rows) in [(2, true), (4, false)] {
        let dir = cut_for_devices(&model, n, embedding_by_rows);
        for path in [dir.path(), &dir.path().join("consolidated.01.pth")] {
            let opened = Checkpoint::open(path).unwrap();
            assert!(numbers(&opened) == numbers(&model), "{n} pieces");
            assert_eq!(
                opened.n_bytes(),
                2 * model.n_bytes(),
                "f32 in place of bf16"
            );
            let ids = [3, 1, 4, 1, 5, 92, 65];
            let (all, expected) = (logits(&opened, &ids), logits(&model, &ids));
            assert!(
                distance(&all, &expected) < 1e-5,
                "{}",
                distance(&all, &expected)
            );
            assert_eq!(
                logits(&opened, &ids[..1])[..],
                all[..model.config.vocab_size]
            );
        }
        fs::remove_file(dir.path().join(format!("consolidated.{:02}.pth", n - 1))).unwrap();
        refused(dir.path(), &["tok_embeddings.weight", "all of its files"]);
        let first = dir.path().join("consolidated.00.pth");
        fs::copy(&first, dir.path().join(format!("consolidated.{n:02}.pth"))).unwrap();
        refused(
            dir.path(),
            &[&format!("consolidated.{:02}.pth", n - 1), "missing"],
        );
    }
}

#[test]
fn pieces_of_two_models_do_not_make_one() {
    let config = Config::named("tiny").unwrap();
    let [one, two] = [1, 2].map(|seed| Checkpoint::rehearsal_of(config.clone(), seed).unwrap());
    let [one, two] = [one, two].map(|model| cut_for_devices(&model, 2, true));
    fs::copy(
        two.path().join("consolidated.01.pth"),
        one.path().join("consolidated.01.pth"),
    )
    .unwrap();
    refused(one.path(), &["norm.weight is another than in", "one model"]);
}

#[test]
fn a_repository_in_the_hubs_cache() {
    let dir = tempfile::tempdir().unwrap();
    let repository = dir.path().join("models--org--Small-Llama-Instruct");
    let snapshot = repository.join("snapshots/a1b2c3");
    for path in [
        &snapshot,
        &repository.join("refs"),
        &repository.join("blobs"),
    ] {
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
    for path in [
        &repository,
        &snapshot,
        &snapshot.join("model.safetensors"),
        &link,
    ] {
        same(path, &oracle("mha_hd8/hf"));
        let name = Checkpoint::open(path).unwrap().name;
        let expected = if path == &link && cfg!(unix) {
            "My-Link"
        } else {
            "Small-Llama-Instruct"
        };
        assert_eq!(name, expected, "{}", path.display());
    }
}
