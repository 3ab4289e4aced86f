//! What is refused, and the end of the context.

use super::*;
use std::path::Path;

#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    let output = generate(arguments);
    let stderr = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert!(output.stdout.is_empty() && stderr.starts_with("error: "));
    assert!(!stderr.contains("panicked"), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "expected {word:?} in: {stderr}");
    }
}

#[test]
fn the_context_ends_the_text() {
    let dir = tempfile::tempdir().unwrap();
    let model = small_context(dir.path(), 6);
    let model = ["--model", &*model, "--temperature", "0", "--prompt"];
    // BOS and "a", then 5 more: the sixth position is read to make the last token.
    let output = generate(&[&model[..], &["a"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(decoded(&output), 4);
    assert!(stderr(&output).contains("the context of 6 tokens is used up"));
    let exact = generate(&[&model[..], &[" a b c d e"]].concat());
    assert_eq!((decoded(&exact), exact.status.code()), (0, Some(0)));
    refused(&[&model[..], &[" a b c d e f"]].concat(), &["7 tokens", "made for 6"]);
}

/// The smallest model with Llama 3's vocabulary, made for so many tokens.
fn small_context(dir: &Path, max_seq_len: usize) -> String {
    llama3_tokenizer();
    let mut config = Config::named("tiny").unwrap();
    (config.dim, config.head_dim, config.n_heads, config.n_kv_heads) = (16, 4, 4, 2);
    (config.hidden_dim, config.vocab_size, config.tied_output) = (48, 128256, true);
    let checkpoint = Checkpoint::rehearsal_of(config, 42).unwrap();
    checkpoint.write(dir, &|_| ()).unwrap();
    let params = dir.join("params.json");
    let mut object = json(&params);
    object["max_seq_len"] = max_seq_len.into();
    std::fs::write(params, object.to_string()).unwrap();
    dir.to_string_lossy().into_owned()
}

#[test]
fn bad_options_and_bad_models() {
    let of_tiny = |option: &str, value: &str, words: &[&str]| {
        refused(&[&TINY, &["--prompt", "x", option, value][..]].concat(), words);
    };
    of_tiny("--temperature", "-1", &["temperature = -1", "0 or more"]);
    of_tiny("--temperature", "nan", &["temperature = NaN"]);
    of_tiny("--temperature", "warm", &["--temperature", "warm"]);
    for top_p in ["0", "-0.5", "1.5"] {
        of_tiny("--top-p", top_p, &["top_p = ", top_p, "at most 1"]);
    }
    for option in ["--top-k", "--seed", "--max-tokens", "--batch"] {
        of_tiny(option, "-1", &[option, "a whole number, 0 or more"]);
    }
    of_tiny("--batch", "0", &["batch = 0", "1 to 256"]);
    of_tiny("--batch", "257", &["batch = 257"]);
    of_tiny("--max-tokens", "0", &["max-tokens = 0"]);
    of_tiny("--model", "x", &["--model", "--rehearse"]);
    of_tiny("--system", "x", &["--system", "--raw"]);
    of_tiny("--layers", "0", &["n_layers = 0"]);
    refused(&[], &["--prompt"]);
    refused(&["--prompt", ""], &["empty"]);
    refused(&["--prompt", "x", "--model", "no-such-model"], &["no-such-model"]);
    refused(&["--prompt", "x", "--rehearse", "llama-9"], &["llama-9", "llama-3-8b"]);
    refused(&["--prompt", "x", "--layers", "2"], &["--rehearse"]);
    let layers = ["--layers", "1", "--max-tokens", "3", "--prompt", "x", "--profile"];
    let one = generate(&[&TINY, &layers[..]].concat());
    assert!(stderr(&one).contains("Model    rehearsal:tiny:1 (rehearsal)"));
    assert!(stderr(&one).contains("the text means nothing"));
}
