//! The numbers in the written pages of the book, most of them in kv_cache.md, computed from the
//! sizes of the models. Both languages must state every one of them.

use super::page::root;
use llama3::{Checkpoint, Config};

/// Both pages with that name, English and Chinese.
fn pages(name: &str) -> [(String, String); 2] {
    ["en", "zh"].map(|language| {
        let path = format!("docs/{language}/{name}");
        let text =
            std::fs::read_to_string(root().join(&path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        (path, text)
    })
}

#[track_caller]
fn both_pages_say(name: &str, words: &str) {
    for (path, text) in pages(name) {
        assert!(text.contains(words), "{path} does not say {words:?}");
    }
}

#[track_caller]
fn both_say(words: &str) {
    both_pages_say("kv_cache.md", words);
}

/// The cells at the end of a table's row.
#[track_caller]
fn both_have_the_row(cells: &[String]) {
    both_say(&format!("| {} |\n", cells.join(" | ")));
}

/// 6979321856 → "6,979,321,856"
fn commas(n: usize) -> String {
    let digits = n.to_string();
    let places = digits.chars().enumerate();
    let separated = places.map(|(i, digit)| {
        let comma = i > 0 && (digits.len() - i).is_multiple_of(3);
        format!("{}{digit}", if comma { "," } else { "" })
    });
    separated.collect()
}

fn named(name: &str) -> Config {
    Config::named(name).unwrap()
}

/// The same model if it had another number of KV heads.
fn with_kv_heads(n_kv_heads: usize) -> Config {
    Config {
        n_kv_heads,
        ..named("llama-3-8b")
    }
}

/// What a forward pass multiplies, counted in multiplications.
struct Work {
    /// A token with the matrices of all blocks.
    matrices: usize,
    /// A query with a key and a value, all heads and layers.
    pair: usize,
    /// A token with the output matrix.
    output: usize,
}

impl Work {
    fn of(name: &str) -> Work {
        let model = Checkpoint::rehearsal(name).unwrap();
        let size = |name: &String| {
            let matrix = model.matrix(name).unwrap();
            matrix.out_dim * matrix.in_dim
        };
        let names = model.names();
        let in_blocks = |name: &&String| name.starts_with("layers.") && !name.contains("norm");
        let c = &model.config;
        Work {
            matrices: names.iter().filter(in_blocks).map(size).sum(),
            pair: 2 * c.n_layers * c.n_heads * c.head_dim,
            output: size(&"output.weight".to_string()),
        }
    }

    /// The logits after `s` tokens, all computed anew.
    fn without_cache(&self, s: usize) -> usize {
        s * self.matrices + s * s * self.pair + self.output
    }

    /// The same when the keys and values of all but the last token are there.
    fn with_cache(&self, s: usize) -> usize {
        self.matrices + s * self.pair + self.output
    }
}

#[test]
fn multiplications_for_one_token() {
    let work = Work::of("llama-3-8b");
    both_say(&commas(work.matrices));
    both_say(&commas(work.pair));
    both_say(&commas(work.output));
    // What a token reads in bf16.
    both_say(&format!(
        "{:.1} GB",
        2.0 * (work.matrices + work.output) as f64 / 1e9
    ));
    let billions = |n: usize| format!("{:.2}", n as f64 / 1e9);
    for s in [17, 128, 1024, 8192] {
        let (without, with) = (work.without_cache(s), work.with_cache(s));
        let times = format!("{:.0}", without as f64 / with as f64);
        both_have_the_row(&[commas(s), billions(without), billions(with), times]);
    }
}

#[test]
fn multiplications_for_a_whole_text() {
    let (work, n) = (Work::of("llama-3-8b"), 1024);
    let without: usize = (1..=n).map(|s| work.without_cache(s)).sum();
    let with: usize = (1..=n).map(|s| work.with_cache(s)).sum();
    let Work {
        matrices: m,
        pair: a,
        output: o,
    } = work;
    // The closed forms that the pages give.
    assert_eq!(
        without,
        m * n * (n + 1) / 2 + a * n * (n + 1) * (2 * n + 1) / 6 + o * n
    );
    assert_eq!(with, m * n + a * n * (n + 1) / 2 + o * n);
    let times = format!("{:.0}", without as f64 / with as f64);
    let trillions = |n: usize| format!("{:.1}", n as f64 / 1e12);
    both_have_the_row(&[commas(n), trillions(without), trillions(with), times]);
}

#[test]
fn sizes_of_the_cache() {
    let models = [
        named("llama-3-8b"),
        with_kv_heads(32),
        with_kv_heads(1),
        named("llama-3.2-3b"),
        named("llama-3.2-1b"),
        named("smollm2-135m"),
    ];
    for c in models {
        let numbers = c.kv_cache_per_token();
        let mebibytes = |n_tokens: usize, bytes: usize| {
            assert_eq!(numbers * n_tokens * bytes % (1 << 20), 0, "a whole number");
            commas((numbers * n_tokens * bytes) >> 20)
        };
        both_have_the_row(&[
            [c.n_layers, c.n_kv_heads, c.head_dim]
                .map(commas)
                .join(" | "),
            commas(numbers),
            commas(4 * numbers),
            mebibytes(8192, 4),
            mebibytes(8192, 2),
        ]);
    }
}

#[test]
fn smaller_matrices_for_keys_and_values() {
    let saved = with_kv_heads(32).n_params() - named("llama-3-8b").n_params();
    both_say(&commas(saved));
}

#[test]
fn numbers_of_other_pages() {
    let (small, big) = (named("smollm2-135m"), named("llama-3-8b"));
    both_pages_say("questions.md", &commas(small.n_params()));
    both_pages_say("questions.md", &format!("{:.0}", small.rope_theta));
    both_pages_say("questions.md", &format!("{:.0}", big.rope_theta));
    both_pages_say("glossary.md", &commas(big.n_params()));
    both_pages_say("glossary.md", &format!(" {} ", big.vocab_size));
    let gigabytes = 2.0 * big.n_params() as f64 / 1e9;
    both_pages_say("running.md", &format!("{gigabytes:.2} GB"));
    let rust = env!("CARGO_PKG_RUST_VERSION");
    both_pages_say("running.md", &format!("Rust {rust} "));
}
