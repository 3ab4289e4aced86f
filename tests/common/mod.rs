//! What several tests need: the reference checkpoints, and the files that fetch.py brings.
#![allow(dead_code)]

pub mod gguf;
pub mod same;
pub mod torch;

use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A directory with NAME/meta, NAME/hf and NAME/expected.json for each reference checkpoint.
pub fn oracles() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let unpacked = tempfile::tempdir_in(&target).unwrap();
        let packed = File::open(data("checkpoints.tar.zst")).unwrap();
        let tar = ruzstd::decoding::StreamingDecoder::new(packed).unwrap();
        tar::Archive::new(tar).unpack(unpacked.path()).unwrap();
        let dir = target.join("checkpoints");
        // Another test program may have been faster: then its copy serves as well.
        if std::fs::rename(unpacked.path(), &dir).is_err() {
            assert!(dir.join("mqa_hd64/expected.json").exists());
        }
        dir
    })
}

pub const CHECKPOINTS: [&str; 6] =
    ["gqa4_ffn272", "llama31_sharded", "llama32_tied", "mha_hd8", "mqa_hd16", "mqa_hd64"];

/// A file under tests/data.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

pub fn json(path: impl AsRef<Path>) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

pub fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

/// The largest absolute difference.
pub fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() });
    differences.fold(0.0, |largest, d| if d > largest || d.is_nan() { d } else { largest })
}

/// The small default model, fetched by the script if it is not there yet.
pub fn default_model() -> PathBuf {
    llama3::checkpoint::weights::small_model().unwrap()
}

/// Meta's Llama 3 tokenizer file, fetched likewise.
pub fn llama3_tokenizer() -> PathBuf {
    llama3::checkpoint::weights::llama3_tokenizer().unwrap()
}

/// An example as a person starts it, with the default model where none is named. It is built once.
pub fn example(name: &str) -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let examples = BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--release", "--quiet", "--examples"]);
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(cargo.status().unwrap().success());
        Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("release/examples")
    });
    let mut command = Command::new(examples.join(name));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("LLAMA3_MODEL");
    command
}
