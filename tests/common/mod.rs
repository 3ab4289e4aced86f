//! The models that the tests read. Files that are not there yet are fetched once.
#![allow(dead_code)] // each test file uses some of it

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// SmolLM2-135M-Instruct, the model the tutorial runs on unless told otherwise.
pub fn default_model() -> PathBuf {
    fetched("SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf")
}

/// Meta's tokenizer of Llama 3.
pub fn llama3_tokenizer() -> PathBuf {
    fetched("llama3-tokenizer/tokenizer.model")
}

fn fetched(file: &str) -> PathBuf {
    static FETCH: OnceLock<()> = OnceLock::new();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("weights")
        .join(file);
    if !path.exists() {
        FETCH.get_or_init(fetch);
    }
    assert!(
        path.exists(),
        "weights/fetch.py did not bring {}",
        path.display()
    );
    path
}

fn fetch() {
    let output = Command::new("python3")
        .arg("weights/fetch.py")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("python3 runs weights/fetch.py");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "weights/fetch.py failed:\n{said}");
}
