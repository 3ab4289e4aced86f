//! GGUF files made from other checkpoints.

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use llama3::checkpoint::names::{Dialect, translate};
use llama3::prelude::*;
use std::path::Path;

pub fn metadata(config: &Config) -> Vec<(String, Value)> {
    let size = |n: usize| Value::U32(n as u32);
    [
        ("general.architecture", Value::String("llama".into())),
        ("llama.embedding_length", size(config.dim)),
        ("llama.block_count", size(config.n_layers)),
        ("llama.attention.head_count", size(config.n_heads)),
        ("llama.attention.head_count_kv", size(config.n_kv_heads)),
        ("llama.attention.key_length", size(config.head_dim)),
        ("llama.feed_forward_length", size(config.hidden_dim)),
        ("llama.vocab_size", size(config.vocab_size)),
        ("llama.context_length", size(config.max_seq_len)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(config.norm_eps as f32)),
        ("llama.rope.freq_base", Value::F32(config.rope_theta as f32)),
    ]
    .map(|(key, value)| (key.to_string(), value))
    .to_vec()
}

pub fn write(path: &Path, config: &Config, tensors: &[(String, QTensor)]) {
    write_with(path, &metadata(config), tensors);
}

pub fn write_with(path: &Path, metadata: &[(String, Value)], tensors: &[(String, QTensor)]) {
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(n, t)| (n.as_str(), t)).collect();
    let mut file = std::fs::File::create(path).unwrap();
    gguf_file::write(&mut file, &metadata, &tensors).unwrap();
}

pub fn quantised(checkpoint: &Checkpoint, dtype: GgmlDType) -> Vec<(String, QTensor)> {
    let one = |name: &String| {
        let tensor = checkpoint.tensor(name).unwrap();
        let dtype = if tensor.rank() == 1 { GgmlDType::F32 } else { dtype };
        (translate(name, Dialect::Gguf), QTensor::quantize(&tensor, dtype).unwrap())
    };
    checkpoint.names().iter().map(one).collect()
}
