//! Verification finds each of the usual mistakes at its step, and nothing where there is none.

mod common;
#[path = "../examples/predict_42/verify/mod.rs"]
#[allow(dead_code, reason = "the example shows more of it")]
mod verify;

use candle_core::quantized::gguf_file::{self, Content};
use candle_core::quantized::{GgmlDType, QTensor};
use common::*;
use llama3::config::RopeScaling;
use llama3::prelude::*;
use std::io::Cursor;
use std::ops::Range;
use verify::{Finding, Reference, verify};

fn findings(checkpoint: &Checkpoint) -> Vec<Finding> {
    let model = Transformer::new(checkpoint).unwrap();
    let reference = Reference::of(&checkpoint.config).unwrap();
    let mut seen = vec![];
    let agrees = verify(checkpoint, &model, &reference, &mut |finding| {
        seen.push(finding.clone());
    });
    assert_eq!(agrees.unwrap(), seen.iter().all(Finding::agrees));
    seen
}

/// The default model's file, to be spoilt.
struct Gguf {
    bytes: Vec<u8>,
    content: Content,
}

impl Gguf {
    fn new() -> Gguf {
        Gguf::of(std::fs::read(default_model()).unwrap())
    }

    fn of(bytes: Vec<u8>) -> Gguf {
        let content = Content::read(&mut Cursor::new(&bytes)).unwrap();
        Gguf { bytes, content }
    }

    /// Where a tensor's bytes are, and how many a row has.
    fn place(&self, name: &str) -> (Range<usize>, usize) {
        let info = &self.content.tensor_infos[name];
        let n_blocks = info.shape.elem_count() / info.ggml_dtype.block_size();
        let size = n_blocks * info.ggml_dtype.type_size();
        let start = (self.content.tensor_data_offset + info.offset) as usize;
        (start..start + size, size / info.shape.dims()[0])
    }

    /// Gives each of two tensors the other's numbers.
    fn exchange(&mut self, a: &str, b: &str) {
        let ((a, _), (b, _)) = (self.place(a), self.place(b));
        let first = self.bytes[a.clone()].to_vec();
        self.bytes.copy_within(b.clone(), a.start);
        self.bytes[b].copy_from_slice(&first);
    }

    /// Row i of every `group` rows becomes what row `from(i)` was.
    fn reorder(&mut self, name: &str, group: usize, from: impl Fn(usize) -> usize) {
        let (range, size) = self.place(name);
        let old = self.bytes[range.clone()].to_vec();
        for (row, new) in self.bytes[range].chunks_exact_mut(size).enumerate() {
            let from = row / group * group + from(row % group);
            new.copy_from_slice(&old[from * size..][..size]);
        }
    }

    /// A matrix whose rows stand in the opposite order.
    fn damage(&mut self, name: &str) {
        let n_rows = self.content.tensor_infos[name].shape.dims()[0];
        self.reorder(name, n_rows, |row| n_rows - 1 - row);
    }

    /// Where a piece of the header ends.
    fn after(&self, piece: &[u8]) -> usize {
        let mut pieces = self.bytes.windows(piece.len());
        pieces.position(|bytes| bytes == piece).unwrap() + piece.len()
    }

    /// Sets a value of the header; its type stands between the key and the value.
    fn set(&mut self, key: &str, value: &[u8]) {
        let at = self.after(key.as_bytes()) + 4;
        self.bytes[at..at + value.len()].copy_from_slice(value);
    }

    /// The walk agrees up to this step and no further, and the causes name the mistake.
    #[track_caller]
    fn found_at(&self, site: &str, cause: &str) {
        found_at(&opened(&self.bytes), site, cause);
    }
}

fn opened(bytes: &[u8]) -> Checkpoint {
    Checkpoint::from_bytes("spoilt", bytes.to_vec()).unwrap()
}

#[track_caller]
fn found_at(checkpoint: &Checkpoint, site: &str, cause: &str) {
    let seen = findings(checkpoint);
    let last = seen.last().unwrap();
    assert_eq!((last.site.as_str(), last.agrees()), (site, false), "{last}");
    assert!(last.to_string().contains(cause), "{last}");
}

#[test]
fn the_default_model_agrees_at_every_step() {
    let seen = findings(&Checkpoint::open(default_model()).unwrap());
    for finding in seen.iter().filter(|finding| finding.tolerance > 1e-5) {
        assert!(finding.error < finding.tolerance / 20.0, "{finding}");
    }
    let count = |kind: &str| seen.iter().filter(|f| f.site.starts_with(kind)).count();
    assert_eq!((count("Residual("), count("Lens(")), (30, 60));
    assert_eq!((count("Logits"), count("Continuation")), (4, 2));
    assert_eq!(seen.len(), 1 + 17 + 30 + 60 + 4 + 2);
}

#[test]
fn the_wrong_tokenizer() {
    let mut gguf = Gguf::new();
    let digit = |digit: u8| [&1u64.to_le_bytes()[..], &[digit]].concat();
    let (one, two) = (gguf.after(&digit(b'1')), gguf.after(&digit(b'2')));
    gguf.bytes.swap(one - 1, two - 1);
    gguf.found_at("Tokens", "the tokenizer of another model");
}

#[test]
fn a_bos_that_the_model_does_not_use() {
    let mut gguf = Gguf::new();
    gguf.set("tokenizer.ggml.add_bos_token", &[1]);
    gguf.found_at("Tokens", "BOS");
}

#[test]
fn random_weights_in_the_same_sizes() {
    let checkpoint = Checkpoint::open(default_model()).unwrap();
    let random = Transformer::new(&Checkpoint::rehearsal("smollm2-135m").unwrap()).unwrap();
    let reference = Reference::of(&checkpoint.config).unwrap();
    let mut last = None;
    let agrees = verify(&checkpoint, &random, &reference, &mut |f| last = Some(f.clone()));
    assert!(!agrees.unwrap());
    assert_eq!(last.unwrap().site, "Embedding");
}

#[test]
fn another_norm_eps() {
    let mut gguf = Gguf::new();
    gguf.set("layer_norm_rms_epsilon", &1e-6f32.to_le_bytes());
    gguf.found_at("NormEps", "1e-5");
}

#[test]
fn norms_exchanged() {
    let mut gguf = Gguf::new();
    gguf.exchange("blk.0.attn_norm.weight", "blk.0.ffn_norm.weight");
    gguf.found_at("AttentionNorm(0)", "attention_norm and ffn_norm exchanged");
}

/// Rows for pairs (i, i + 32), as Hugging Face has them, where pairs (2i, 2i + 1) are expected.
fn halves(row: usize) -> usize {
    row % 32 * 2 + row / 32
}

#[test]
fn the_other_rope_layout() {
    for (name, site) in [("attn_q", "Queries(0)"), ("attn_k", "Keys(0)")] {
        let mut gguf = Gguf::new();
        gguf.reorder(&format!("blk.0.{name}.weight"), 64, halves);
        gguf.found_at(site, "RoPE layout");
    }
}

#[test]
fn another_rope_theta() {
    let mut gguf = Gguf::new();
    gguf.set("llama.rope.freq_base", &10000f32.to_le_bytes());
    gguf.found_at("Frequencies", "rope_theta 10000");
}

#[test]
fn rope_scaling_where_there_is_none() {
    let mut checkpoint = Checkpoint::open(default_model()).unwrap();
    checkpoint.config.rope_scaling = Some(RopeScaling::llama31(8.0));
    found_at(&checkpoint, "Frequencies", "RoPE scaling");
}

#[test]
fn damaged_matrices() {
    for (name, site, cause) in [
        ("blk.0.attn_v", "Values(0)", "wv"),
        ("blk.0.attn_output", "AttentionOutput(0)", "wo"),
        ("blk.0.ffn_down", "FeedForwardOutput(0)", "w2"),
        ("blk.17.ffn_up", "Residual(17)", "in this layer"),
        ("output_norm", "Lens(0)", "final norm"),
    ] {
        let mut gguf = Gguf::new();
        gguf.damage(&format!("{name}.weight"));
        gguf.found_at(site, cause);
    }
}

#[test]
fn gate_and_up_exchanged() {
    let mut gguf = Gguf::new();
    gguf.exchange("blk.0.ffn_gate.weight", "blk.0.ffn_up.weight");
    gguf.found_at("FeedForwardHidden(0)", "w1 (gate) and w3 (up) exchanged");
}

#[test]
fn layers_in_another_order() {
    let mut gguf = Gguf::new();
    for name in [
        "attn_norm",
        "attn_q",
        "attn_k",
        "attn_v",
        "attn_output",
        "ffn_norm",
        "ffn_gate",
        "ffn_up",
        "ffn_down",
    ] {
        gguf.exchange(&format!("blk.5.{name}.weight"), &format!("blk.6.{name}.weight"));
    }
    gguf.found_at("Residual(5)", "layers in another order");
}

/// The same model in other bits agrees, because more may differ then; a mistake is still found.
#[test]
fn the_same_model_quantised_anew() {
    let gguf = Gguf::new();
    for dtype in [GgmlDType::Q8_0, GgmlDType::Q4_0] {
        let anew = Gguf::of(requantised(&gguf, dtype));
        let seen = findings(&opened(&anew.bytes));
        let last = seen.last().unwrap();
        assert!((last.agrees(), last.site.as_str()) == (true, "Continuation"), "{dtype:?}: {last}");
        if dtype == GgmlDType::Q8_0 {
            // What 8 bits may move: a sixteenth of what 4 bits may.
            let fits = |f: &Finding| f.tolerance < 1e-5 || f.error < f.tolerance / 16.0;
            assert!(seen.iter().all(fits));
        }
        let changed = |f: &Finding| f.error > 1e-3;
        assert!(seen.iter().any(changed), "{dtype:?}: are these other weights?");
    }
    let mut anew = Gguf::of(requantised(&gguf, GgmlDType::Q4_0));
    anew.reorder("blk.0.attn_k.weight", 64, halves);
    anew.found_at("Keys(0)", "RoPE layout");
}

fn requantised(gguf: &Gguf, dtype: GgmlDType) -> Vec<u8> {
    let mut reader = Cursor::new(&gguf.bytes);
    let tensor = |name: &String| {
        let stored = gguf.content.tensor(&mut reader, name, &Device::Cpu).unwrap();
        let matrix = stored.shape().rank() == 2;
        let numbers = stored.dequantize(&Device::Cpu).unwrap();
        let dtype = if matrix { dtype } else { GgmlDType::F32 };
        (name.clone(), QTensor::quantize(&numbers, dtype).unwrap())
    };
    let tensors: Vec<_> = gguf.content.tensor_infos.keys().map(tensor).collect();
    let tensors: Vec<_> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let metadata: Vec<_> = gguf.content.metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let mut bytes = Cursor::new(vec![]);
    gguf_file::write(&mut bytes, &metadata, &tensors).unwrap();
    bytes.into_inner()
}

fn verified(arguments: &[&str], language: &str) -> (Option<i32>, String) {
    let mut command = example("predict_42");
    command.args(arguments).arg("--verify").env("LLAMA3_LANG", language);
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn the_exit_code_says_it() {
    let model = default_model();
    let (code, text) = verified(&["--model", &model.to_string_lossy()], "en");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.ends_with("All 114 steps agree.\n"), "{text}");
    // Random weights with the 8B's tokenizer: right up to the first step that reads a weight.
    llama3_tokenizer();
    let (code, text) = verified(&["--rehearse", "llama-3-8b"], "en");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("✓ tokens\n✗ embedding: ") && text.contains("Usual causes"), "{text}");
    let (code, text) = verified(&["--rehearse", "llama-3-8b"], "zh");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("✗ 嵌入：") && text.contains("常见原因"), "{text}");
    let (code, text) = verified(&["--rehearse", "tiny"], "en");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("only for Llama 3 8B"), "{text}");
    let (code, text) = verified(&["--prompt", "x"], "en");
    assert_eq!(code, Some(2), "{text}");
}
