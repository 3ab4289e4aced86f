//! GGUF files made here from the reference checkpoints: every kind of number, tied output, and the
//! frequency divisors of Llama 3.1.

mod common;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use common::gguf::{metadata, quantised, write, write_with};
use common::*;
use llama3::prelude::*;

fn widened(tensors: &[(String, QTensor)]) -> Vec<(String, QTensor)> {
    let one = |(name, tensor): &(String, QTensor)| {
        let wide = tensor.dequantize(&Device::Cpu).unwrap();
        (name.clone(), QTensor::quantize(&wide, GgmlDType::F32).unwrap())
    };
    tensors.iter().map(one).collect()
}

fn logits(checkpoint: &Checkpoint, tokens: &[u32]) -> Vec<f32> {
    let model = Transformer::new(checkpoint).unwrap();
    let logits = model.forward(tokens, &mut model.new_cache(), &mut unobserved).unwrap();
    logits.flatten_all().unwrap().to_vec1().unwrap()
}

/// A model read from quantised rows gives what the widened weights give.
#[test]
fn every_kind_of_number() {
    let mut config = Config::named("tiny").unwrap();
    (config.dim, config.n_heads, config.n_kv_heads, config.head_dim) = (256, 4, 2, 64);
    (config.hidden_dim, config.vocab_size) = (512, 320);
    let random = Checkpoint::rehearsal_of(config, 3).unwrap();
    let dir = tempfile::tempdir().unwrap();
    use GgmlDType::*;
    for dtype in [F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2K, Q3K, Q4K, Q5K, Q6K] {
        let tensors = quantised(&random, dtype);
        let (stored, wide) = (dir.path().join("stored.gguf"), dir.path().join("wide.gguf"));
        write(&stored, &random.config, &tensors);
        write(&wide, &random.config, &widened(&tensors));
        let stored = Checkpoint::open(&stored).unwrap();
        let wq = stored.matrix("layers.0.attention.wq.weight").unwrap();
        assert_eq!(format!("{:?}", wq.dtype), format!("{dtype:?}"));
        let (a, b) = (
            logits(&stored, &[3, 1, 4, 1, 5]),
            logits(&Checkpoint::open(&wide).unwrap(), &[3, 1, 4, 1, 5]),
        );
        let largest = b.iter().fold(0f32, |m, x| m.max(x.abs()));
        assert!(distance(&a, &b) < 1e-5 * largest.max(1.0), "{dtype:?}: {}", distance(&a, &b));
    }
}

/// Llama 3.1 as GGUF: the file states one divisor for each frequency.
#[test]
fn the_frequency_divisors_of_llama_31() {
    let meta = Checkpoint::open(oracles().join("llama31_sharded/meta")).unwrap();
    let mut plain = meta.config.clone();
    plain.rope_scaling = None;
    let divisors: Vec<f32> =
        rope::freqs(&plain).iter().zip(rope::freqs(&meta.config)).map(|(p, s)| p / s).collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    let with_divisors = |divisors: &[f32]| {
        let mut tensors = quantised(&meta, GgmlDType::BF16);
        let tensor = Tensor::from_slice(divisors, divisors.len(), &Device::Cpu).unwrap();
        let tensor = QTensor::quantize(&tensor, GgmlDType::F32).unwrap();
        tensors.push(("rope_freqs.weight".into(), tensor));
        write(&path, &meta.config, &tensors);
        Checkpoint::open(&path)
    };
    let gguf = with_divisors(&divisors).unwrap();
    let factor = gguf.config.rope_scaling.unwrap().factor;
    assert!((factor - 8.0).abs() < 1e-5);
    for prompt in
        json(oracles().join("llama31_sharded/expected.json"))["prompts"].as_array().unwrap()
    {
        let tokens = ids(&prompt["tokens"]);
        let all = logits(&gguf, &tokens);
        let last = &all[all.len() - gguf.config.vocab_size..];
        let off = distance(last, &floats(&prompt["last_logits"]));
        assert!(off < if tokens.len() == 500 { 1e-3 } else { 2e-4 }, "{} tokens", tokens.len());
    }
    let unknown: Vec<f32> = divisors.iter().map(|d| d * d).collect();
    let error = with_divisors(&unknown).err().unwrap().to_string();
    assert!(error.contains("rope_freqs.weight"), "{error}");
}

/// No output.weight means that the embedding table serves twice.
#[test]
fn a_tied_output() {
    let meta = Checkpoint::open(oracles().join("llama32_tied/hf")).unwrap();
    assert!(meta.config.tied_output);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    write(&path, &meta.config, &quantised(&meta, GgmlDType::BF16));
    let gguf = Checkpoint::open(&path).unwrap();
    assert!(gguf.config.tied_output);
    let name = |c: &Checkpoint| c.matrix("output.weight").unwrap().name;
    assert_eq!(
        (name(&gguf), name(&meta)),
        ("tok_embeddings.weight".into(), "tok_embeddings.weight".into())
    );
    assert_eq!(gguf.names().last().unwrap(), "norm.weight");
}

/// Damaged bytes in the header: an error or another model, but never a panic.
#[test]
fn damaged_bytes() {
    let meta = Checkpoint::open(oracles().join("mqa_hd16/meta")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    write(&path, &meta.config, &quantised(&meta, GgmlDType::BF16));
    let whole = std::fs::read(&path).unwrap();
    let mut random = 11u64;
    for _ in 0..2000 {
        let mut bytes = whole.clone();
        for _ in 0..3 {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let at = (random >> 33) as usize % 3000;
            bytes[at] = (random >> 24) as u8;
        }
        std::fs::write(&path, bytes).unwrap();
        let _ = Checkpoint::open(&path);
    }
}

/// Where the tensors begin depends on the key general.alignment, and on nothing that looks like it.
#[test]
fn the_alignment_is_a_key() {
    let meta = Checkpoint::open(oracles().join("mqa_hd16/meta")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    let with = |key: &str, value: Value| {
        let mut metadata = metadata(&meta.config);
        metadata.push((key.into(), value));
        let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
        let tensors = quantised(&meta, GgmlDType::BF16);
        let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(n, t)| (n.as_str(), t)).collect();
        let mut file = std::fs::File::create(&path).unwrap();
        gguf_file::write(&mut file, &metadata, &tensors).unwrap();
        Checkpoint::open(&path)
    };
    let refused = |value| {
        let error = with("general.alignment", value).err().unwrap().to_string();
        assert!(error.contains("general.alignment"), "{error}");
    };
    refused(Value::U32(0));
    refused(Value::String("32".into()));
    let expected = logits(&with("general.alignment", Value::U32(32)).unwrap(), &[1, 2]);
    let a_text = "general.alignment\u{4}\0\0\0\0\0\0\0".to_string();
    let harmless = with("general.description", Value::String(a_text)).unwrap();
    assert_eq!(logits(&harmless, &[1, 2]), expected);
}

/// Keys that ask for other mathematics are refused by name, and those that ask for nothing are not.
#[test]
fn keys_of_other_models() {
    let meta = Checkpoint::open(oracles().join("mqa_hd16/meta")).unwrap();
    let tensors = quantised(&meta, GgmlDType::BF16);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    let with = |key: &str, value: Value| {
        let mut metadata = metadata(&meta.config);
        metadata.retain(|(other, _)| other != key);
        metadata.push((key.into(), value));
        write_with(&path, &metadata, &tensors);
        Checkpoint::open(&path)
    };
    let text = |text: &str| Value::String(text.into());
    let head_dim = meta.config.head_dim as u32;
    let refused = [
        ("llama.rope.scale_linear", Value::F32(4.0), "only 1"),
        ("llama.rope.scaling.factor", Value::F32(8.0), "only 1"),
        ("llama.rope.scaling.type", text("linear"), "linear"),
        ("llama.rope.scaling.type", text("yarn"), "yarn"),
        ("llama.rope.scaling.attn_factor", Value::F32(0.5), "only 1"),
        ("llama.rope.scaling.yarn_log_multiplier", Value::F32(0.1), "does not know"),
        ("llama.rope.dimension_count", Value::U32(head_dim / 2), "only 16"),
        ("llama.rope.dimension_count", Value::Array(vec![Value::U32(head_dim)]), "only 16"),
        ("llama.attention.value_length", Value::U32(head_dim * 2), "only 16"),
        ("llama.attention.causal", Value::Bool(false), "only true"),
        ("llama.attention.sliding_window", Value::U32(4096), "does not know"),
        ("llama.expert_count", Value::U32(8), "mixture of experts"),
        ("llama.expert_used_count", Value::U32(2), "mixture of experts"),
        ("llama.attention.head_count_kv", Value::Array(vec![Value::U32(1); 2]), "whole number"),
        ("llama.feed_forward_length", Value::Array(vec![Value::U32(1); 2]), "whole number"),
        ("llama.rope.freq_base", Value::Array(vec![Value::F32(1e4)]), "a number"),
        ("llama.vocab_size", text("389"), "whole number"),
        ("general.type", text("adapter"), "LoRA"),
        ("general.type", text("mmproj"), "no model"),
        ("general.architecture", Value::Array(vec![text("llama")]), "a text"),
    ];
    for (key, value, words) in refused {
        let error = with(key, value.clone()).err().map(|e| e.to_string());
        let error = error.unwrap_or_else(|| panic!("{key} = {value:?} was passed over"));
        assert!(error.contains(key) && error.contains(words), "{error}");
    }
    for (key, value) in [
        ("llama.rope.scale_linear", Value::F32(1.0)),
        ("llama.rope.scaling.type", text("none")),
        ("llama.rope.scaling.finetuned", Value::Bool(false)),
        ("llama.rope.dimension_count", Value::U64(head_dim.into())),
        ("llama.attention.causal", Value::Bool(true)),
        ("llama.expert_count", Value::U32(0)),
        ("general.type", text("model")),
        ("general.quantization_version", Value::U32(2)),
    ] {
        assert_eq!(with(key, value).unwrap().config, meta.config, "{key}");
    }
}

#[test]
fn tensors_of_other_models() {
    let meta = Checkpoint::open(oracles().join("mqa_hd16/meta")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    let with = |name: &str| {
        let mut tensors = quantised(&meta, GgmlDType::BF16);
        let ones = Tensor::ones(32, DType::F32, &Device::Cpu).unwrap();
        tensors.push((name.into(), QTensor::quantize(&ones, GgmlDType::F32).unwrap()));
        write(&path, &meta.config, &tensors);
        Checkpoint::open(&path)
    };
    let later = format!("blk.{}.attn_norm.weight", meta.config.n_layers);
    for (name, words) in [
        ("blk.0.attn_q_norm.weight", "queries"),
        ("blk.0.attn_k_norm.weight", "queries"),
        ("blk.1.attn_q.scale", "quantised"),
        ("blk.1.ffn_down.input_scale", "quantised"),
        ("blk.0.ffn_gate_exps.weight", "mixture of experts"),
        ("blk.0.ffn_gate_inp.weight", "mixture of experts"),
        ("blk.0.ffn_up_shexp.weight", "mixture of experts"),
        ("blk.0.attn_q.bias", "biases"),
        ("blk.0.attn_q.weight.lora_a", "LoRA"),
        ("blk.0.attn_sinks.weight", "no such tensor"),
        ("rope_factors_long.weight", "no such tensor"),
        ("token_embd_norm.weight", "no such tensor"),
        (&later, "layers, counted from 0"),
    ] {
        let error = with(name).err().map(|e| e.to_string());
        let error = error.unwrap_or_else(|| panic!("{name} was passed over"));
        assert!(error.contains("model.gguf: it holds") && error.contains(name), "{error}");
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn what_is_no_gguf_file_of_today_is_named() {
    let file = |start: &[u8]| [start, &[0; 64]].concat();
    for (bytes, words) in [
        (file(b"GGUF\0\0\0\x03"), "big-endian"),
        (file(b"GGUF\x01\0\0\0"), "version 1"),
        (file(b"GGUF\x09\0\0\0"), "version 9"),
        (file(b"GGML"), "does not begin with GGUF"),
        (b"GGUF\x03\0".to_vec(), "ends"),
    ] {
        let error = Checkpoint::from_bytes("model", bytes).err().unwrap();
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// In memory a model is the same as on the disk, its tokenizer included.
#[test]
fn a_model_in_memory() {
    let file = Checkpoint::open(default_model()).unwrap();
    let memory = std::fs::read(default_model()).unwrap();
    let memory = Checkpoint::from_bytes("small", memory).unwrap();
    assert_eq!((memory.name.as_str(), &memory.config), ("small", &file.config));
    let (one, other) = (file.tokenizer().unwrap(), memory.tokenizer().unwrap());
    let ids = one.encode("The answer is 42.");
    assert_eq!(other.encode("The answer is 42."), ids);
    assert_eq!(logits(&memory, &ids), logits(&file, &ids));
}
