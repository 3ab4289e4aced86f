//! What a Llama has not, in descriptions and among tensors.

use super::*;

/// What a Llama has not is refused, and so is what its mathematics would pass over.
#[test]
fn keys_of_other_models() {
    let cases = [
        ("config.json", "quantization_config", json!({"quant_method": "gptq"}), "quantised"),
        ("config.json", "num_local_experts", json!(8), "mixture of experts"),
        ("config.json", "partial_rotary_factor", json!(0.5), "RoPE"),
        (
            "config.json",
            "rope_parameters",
            json!({"rope_theta": 1e4, "partial_rotary_factor": 0.5}),
            "RoPE",
        ),
        ("config.json", "rope_params", json!({"rope_type": "llama3"}), "does not know the key"),
        ("config.json", "rotary_pct", json!(0.25), "does not know the key"),
        ("config.json", "rope_scaling", json!({"type": "default", "beta_fast": 32}), "beta_fast"),
        ("params.json", "rope_high_freq_factor", json!(2), "does not know the key"),
        ("params.json", "quantization_args", json!({"group_size": 32}), "quantised"),
        ("params.json", "lora_args", json!({"rank": 16}), "LoRA"),
        ("params.json", "moe_args", json!({"num_experts": 16}), "mixture of experts"),
    ];
    for (file, key, value, words) in cases {
        let layout = if file == "config.json" { "hf" } else { "meta" };
        let dir = copy("gqa4_ffn272", layout);
        edit_json(dir.path().join(file), |keys| keys[key] = value);
        refused(dir.path(), &[file, key.rsplit('.').next().unwrap(), words]);
    }
    let dir = copy("gqa4_ffn272", "hf");
    edit_json(dir.path().join("config.json"), |config| {
        config["quantization_config"] = Value::Null;
        config["num_local_experts"] = json!(0);
        config["partial_rotary_factor"] = json!(1);
        config["rope_interleaved"] = json!(false);
        config["rope_scaling"] = json!({"rope_type": "default", "attention_factor": 1.0});
    });
    Checkpoint::open(dir.path()).unwrap();
}

/// The reference model with one tensor more.
fn with_tensor(name: &str) -> TempDir {
    let dir = copy("gqa4_ffn272", "hf");
    let path = dir.path().join("model.safetensors");
    let mut tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    let tensor = tensors["model.norm.weight"].clone();
    tensors.insert(name.into(), tensor);
    candle_core::safetensors::save(&tensors, path).unwrap();
    dir
}

#[test]
fn tensors_of_other_models() {
    let block = "model.layers.1.";
    let cases = [
        ("self_attn.q_norm.weight", "queries"),
        ("self_attn.k_norm.weight", "queries"),
        ("self_attn.q_proj.bias", "biases"),
        ("mlp.down_proj.weight_scale", "quantised"),
        ("mlp.down_proj.qweight", "quantised"),
        ("block_sparse_moe.gate.weight", "mixture of experts"),
        ("mlp.experts.0.up_proj.weight", "mixture of experts"),
        ("self_attn.q_proj.lora_A.weight", "LoRA"),
        ("self_attn.sinks", "no such tensor"),
    ];
    for (tensor, words) in cases {
        let name = format!("{block}{tensor}");
        let dir = with_tensor(&name);
        refused(dir.path(), &["model.safetensors", &name, words]);
    }
    let n_layers =
        common::json(copy("gqa4_ffn272", "hf").path().join("config.json"))["num_hidden_layers"]
            .as_u64()
            .unwrap();
    let later = format!("model.layers.{n_layers}.input_layernorm.weight");
    refused(with_tensor(&later).path(), &[&later, &format!("{n_layers} layers")]);
    refused(with_tensor("v_head.weight").path(), &["v_head.weight", "no such tensor"]);
    for harmless in ["model.layers.0.self_attn.rotary_emb.inv_freq", "rope.freqs"] {
        Checkpoint::open(with_tensor(harmless).path()).unwrap();
    }
}

/// transformers would read both, and change the weights by the adapter.
#[test]
fn an_adapter_beside_a_model() {
    let dir = copy("gqa4_ffn272", "hf");
    let path = dir.path().join("model.safetensors");
    fs::write(dir.path().join("adapter_config.json"), "{\"peft_type\": \"LORA\"}").unwrap();
    refused(dir.path(), &["beside model.safetensors", "LoRA", "merged"]);
    Checkpoint::open(path).unwrap();
}

/// transformers 4 takes the embedding table then, and transformers 5 the output's own.
#[test]
fn an_output_that_is_tied_and_there_is_refused_if_it_is_another() {
    let tied = copy("gqa4_ffn272", "hf");
    edit_json(tied.path().join("config.json"), |config| {
        config["tie_word_embeddings"] = json!(true)
    });
    refused(tied.path(), &["lm_head.weight", "another table", "tie_word_embeddings"]);
    let path = tied.path().join("model.safetensors");
    let mut tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    tensors.insert("lm_head.weight".into(), tensors["model.embed_tokens.weight"].clone());
    candle_core::safetensors::save(&tensors, &path).unwrap();
    Checkpoint::open(tied.path()).unwrap();
}

#[test]
fn an_adapter_is_no_model() {
    let dir = tempfile::tempdir().unwrap();
    let tensor = Tensor::zeros((2, 2), DType::F32, &Device::Cpu).unwrap();
    let name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
    tensor.save_safetensors(name, dir.path().join("adapter_model.safetensors")).unwrap();
    fs::write(dir.path().join("adapter_config.json"), "{\"peft_type\": \"LORA\"}").unwrap();
    refused(dir.path(), &["adapter_model.safetensors", "LoRA", "merged"]);
}
