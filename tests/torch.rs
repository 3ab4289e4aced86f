//! Files as PyTorch writes them: wrapped, out of order, in shards, and cut for several devices.

mod common;
#[path = "torch/pickles.rs"]
mod pickles;

use common::same::*;
use common::*;
use llama3::prelude::*;
use safetensors::{SafeTensors, tensor::TensorView};
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use tempfile::TempDir;

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
    torch::save(&dir.path().join("pytorch_model.bin"), &wrap(torch::dict(&pairs)), &storages);
    dir
}

fn strides(shape: &[usize]) -> Vec<usize> {
    let after = |axis| shape[axis + 1..].iter().product();
    (0..shape.len()).map(after).collect()
}

fn in_order(i: usize, shape: &[usize], bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (torch::tensor(i, "BFloat16Storage", 0, shape, &strides(shape)), bytes.to_vec())
}

/// The matrix as the transposed view of its transpose, with a number before it and one behind.
fn transposed(i: usize, shape: &[usize], bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let &[rows, columns] = shape else {
        return in_order(i, shape, bytes);
    };
    let places = (0..columns).flat_map(|c| (0..rows).map(move |r| 2 * (r * columns + c)));
    let numbers = places.flat_map(|at| [bytes[at], bytes[at + 1]]);
    let storage = [0, 0].into_iter().chain(numbers).chain([0, 0]).collect();
    (torch::tensor(i, "BFloat16Storage", 1, shape, &[1, rows]), storage)
}

/// Every other column of a wider matrix.
fn sliced(i: usize, shape: &[usize], bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let storage = bytes.chunks(2).flat_map(|number| [number, &[7, 7]].concat()).collect();
    let strides: Vec<usize> = strides(shape).iter().map(|stride| 2 * stride).collect();
    (torch::tensor(i, "BFloat16Storage", 0, shape, &strides), storage)
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
        torch_model(in_order, |dict| torch::dict(&[("model", dict), ("step", torch::int(7))])),
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
    let map: HashMap<&str, &str> =
        tensors.iter().map(|(name, ..)| (name.as_str(), shard)).collect();
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
    refused(&model(&long), &["numbers are needed, and it holds", "torch.save"]);
    let repeated = torch_model(
        |i, shape, bytes| {
            let strides = vec![0; shape.len()];
            (torch::tensor(i, "BFloat16Storage", 0, shape, &strides), bytes[..2].to_vec())
        },
        bare,
    );
    refused(&model(&repeated), &["not in order", "no room"]);
    let wide = torch_model(
        |i, shape, bytes| {
            (torch::tensor(i, "DoubleStorage", 0, shape, &strides(shape)), bytes.to_vec())
        },
        bare,
    );
    refused(&model(&wide), &["embed_tokens.weight", "stored as DoubleStorage", "BF16"]);
    let nothing =
        torch_model(in_order, |dict| torch::dict(&[("net", dict), ("epoch", torch::int(1))]));
    refused(&model(&nothing), &["no dictionary of tensors", "net, epoch", "model.state_dict()"]);
    let object = torch_model(in_order, |_| torch::call(torch::class("my.code", "Net"), &[]));
    refused(&model(&object), &["a Python object of my.code.Net", "model.state_dict()"]);
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
    refused(old.path(), &["before version 1.6", "python3 -c", "torch.load", "torch.save"]);
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
            let by_columns = ["wo.weight", "w2.weight"].iter().any(|end| name.ends_with(end));
            let by_rows = if name.starts_with("tok") { embedding_by_rows } else { !by_columns };
            let (shape, bytes) = match *tensor.dims() {
                [rows, columns] if by_rows => {
                    (vec![rows / n, columns], cut(&values, columns, true, (i, n)))
                }
                [rows, columns] => (vec![rows, columns / n], cut(&values, columns, false, (i, n))),
                _ => (tensor.dims().to_vec(), cut(&values, values.len(), true, (0, 1))),
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
        let logits = model.forward(ids, &mut model.new_cache(), &mut unobserved).unwrap();
        logits.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    for (n, embedding_by_rows) in [(2, true), (4, false)] {
        let dir = cut_for_devices(&model, n, embedding_by_rows);
        for path in [dir.path(), &dir.path().join("consolidated.01.pth")] {
            let opened = Checkpoint::open(path).unwrap();
            assert!(numbers(&opened) == numbers(&model), "{n} pieces");
            assert_eq!(opened.n_bytes(), 2 * model.n_bytes(), "f32 in place of bf16");
            let ids = [3, 1, 4, 1, 5, 92, 65];
            let (all, expected) = (logits(&opened, &ids), logits(&model, &ids));
            assert!(distance(&all, &expected) < 1e-5, "{}", distance(&all, &expected));
            assert_eq!(logits(&opened, &ids[..1])[..], all[..model.config.vocab_size]);
        }
        fs::remove_file(dir.path().join(format!("consolidated.{:02}.pth", n - 1))).unwrap();
        refused(dir.path(), &["tok_embeddings.weight", "all of its files"]);
        let first = dir.path().join("consolidated.00.pth");
        fs::copy(&first, dir.path().join(format!("consolidated.{n:02}.pth"))).unwrap();
        refused(dir.path(), &[&format!("consolidated.{:02}.pth", n - 1), "missing"]);
    }
}

#[test]
fn pieces_of_two_models_do_not_make_one() {
    let config = Config::named("tiny").unwrap();
    let [one, two] = [1, 2].map(|seed| Checkpoint::rehearsal_of(config.clone(), seed).unwrap());
    let [one, two] = [one, two].map(|model| cut_for_devices(&model, 2, true));
    fs::copy(two.path().join("consolidated.01.pth"), one.path().join("consolidated.01.pth"))
        .unwrap();
    refused(one.path(), &["norm.weight is another than in", "one model"]);
}
