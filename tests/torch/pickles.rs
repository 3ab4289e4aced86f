//! Pickles of other protocols and shapes, and those that no `torch.save` writes.

use super::*;
use std::path::PathBuf;

/// The small model's weights, with something made of their dictionary.
fn wrapped(wrap: impl Fn(Vec<u8>) -> Vec<u8>) -> TempDir {
    torch_model(in_order, wrap)
}

/// A model whose pickle is this.
fn pickled(object: &[u8]) -> (TempDir, PathBuf) {
    let dir = renamed("gqa4_ffn272/hf", &[("config.json", "config.json")]);
    let path = dir.path().join("pytorch_model.bin");
    torch::save(&path, object, &[]);
    (dir, path)
}

#[test]
fn protocol_4_says_the_same() {
    let expected = oracle("gqa4_ffn272/hf");
    same(wrapped(|dict| torch::in_protocol_4(&dict)).path(), &expected);
    let nested = |dict| torch::in_protocol_4(&torch::dict(&[("state_dict", dict)]));
    same(wrapped(nested).path(), &expected);
}

/// Under two keys, once written out and once from the memo, where it was put before it was filled.
#[test]
fn a_dictionary_that_is_there_twice() {
    let twice = |dict: Vec<u8>| {
        let remembered = [b"}q\x01", &dict[1..]].concat();
        torch::dict(&[("ema", remembered), ("model", b"h\x01".to_vec())])
    };
    same(wrapped(twice).path(), &oracle("gqa4_ffn272/hf"));
}

/// What a training program keeps beside the weights does not matter.
#[test]
fn other_objects_beside_the_weights() {
    let beside = |dict| {
        let deep = [&b")"[..], &[0x85; 100_000]].concat();
        let bytes = b"\x8e\x03\0\0\0\0\0\0\0abc".to_vec();
        let large = b"\x8a\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09".to_vec();
        let set = b"\x8f(K\x01K\x02\x90".to_vec();
        let object = [torch::class("a", "B"), b")\x81}b".to_vec()].concat();
        torch::dict(&[
            ("deep", deep),
            ("bytes", bytes),
            ("large", large),
            ("set", set),
            ("object", object),
            ("fraction", b"G\0\0\0\0\0\0\0\0".to_vec()),
            ("protocol 1", b"(I01\nI-5\nL99999999999999999999L\nl".to_vec()),
            ("rng", torch::tensor(0, "ByteStorage", 0, &[2], &[1])),
            ("model", dict),
        ])
    };
    same(wrapped(beside).path(), &oracle("gqa4_ffn272/hf"));
}

#[test]
fn what_no_torch_writes_is_refused() {
    let again = ["data.pkl", "not as torch.save writes it", "python3 -c", "torch.load"];
    let endless = b")\x85".repeat(1 << 20);
    let itself = b"}q\x01X\x05\0\0\0modelh\x01s";
    for (object, word) in [
        (&b"X\xff\xff\xff\xffabc"[..], "too early"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc", "too early"),
        (b"B\xff\xff\xff\x7f", "too early"),
        (b"\x8b\xff\xff\xff\xff", "too early"),
        (b"cmodule\n", "too early"),
        (b"", "stack is empty"),
        (b"\x87", "stack is empty"),
        (b"t", "marks"),
        (b"((0", "stack is empty"),
        (b"h\x07", "memo"),
        (b")}\x93", "name"),
        (b"V1\n", "'V'"),
        (&endless, "more objects"),
    ] {
        let (_dir, path) = pickled(object);
        refused(&path, &[&again[..], &[word]].concat());
    }
    let (_dir, path) = pickled(itself);
    refused(&path, &["no dictionary of tensors", "dictionaries in dictionaries"]);
    let (_dir, path) = pickled(&[&b")"[..], &[0x85; 500_000]].concat());
    refused(&path, &["no dictionary of tensors", "a list"]);
}

/// Tensors of a kind that is not read here count only where the model needs them.
#[test]
fn other_kinds_of_tensors() {
    let odd = || torch::call(torch::class("torch._utils", "_rebuild_qtensor"), &[]);
    let beside = |dict: Vec<u8>| {
        [&dict[..dict.len() - 1], &torch::text("rope.freqs"), &odd(), b"u"].concat()
    };
    same(wrapped(beside).path(), &oracle("gqa4_ffn272/hf"));
    let needed = torch_model(|_, _, _| (odd(), vec![]), |dict| dict);
    refused(needed.path(), &["embed_tokens.weight", "stored as _rebuild_qtensor", "BF16"]);
}

/// A negative view shares the storage of what it is the negative of.
#[test]
fn numbers_of_another_sign_than_the_storage_s() {
    let negative = torch_model(
        |i, shape, bytes| {
            let (tensor, storage) = in_order(i, shape, bytes);
            let more = [&b"}"[..], &torch::text("neg"), b"\x88s"].concat();
            ([&tensor[..tensor.len() - 2], &more, b"tR"].concat(), storage)
        },
        |dict| dict,
    );
    refused(negative.path(), &["embed_tokens.weight", "stored as _rebuild_tensor_v2"]);
}
