//! The numbers in docs/{en,zh}/kv_cache.md, computed from the sizes of the models.

use super::counts::{PROJECTIONS, commas, count, named};
use super::page::both_say;
use llama3::Config;

const PAGE: &str = "kv_cache.md";

/// The cells at the end of a table's row.
#[track_caller]
fn both_have_the_row(cells: &[String]) {
    both_say(PAGE, &format!("| {} |\n", cells.join(" | ")));
}

/// The same model if it had another number of KV heads.
fn with_kv_heads(n_kv_heads: usize) -> Config {
    Config { n_kv_heads, ..named("llama-3-8b") }
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
        let c = named(name);
        Work {
            matrices: count(&c, &PROJECTIONS),
            pair: 2 * c.n_layers * c.n_heads * c.head_dim,
            output: count(&c, &["output"]),
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
    both_say(PAGE, &commas(work.matrices));
    both_say(PAGE, &commas(work.pair));
    both_say(PAGE, &commas(work.output));
    // What a token reads in bf16.
    let gigabytes = 2.0 * (work.matrices + work.output) as f64 / 1e9;
    both_say(PAGE, &format!("{gigabytes:.1} GB"));
    let billions = |n: usize| format!("{:.2}", n as f64 / 1e9);
    for s in [17, 128, 1024, 8192] {
        let (without, with) = (work.without_cache(s), work.with_cache(s));
        let times = format!("{:.0}", without as f64 / with as f64);
        both_have_the_row(&[commas(s), billions(without), billions(with), times]);
    }
}

#[test]
fn multiplications_for_a_whole_text() {
    let work = Work::of("llama-3-8b");
    let (m, a, o, n) = (work.matrices, work.pair, work.output, 1024);
    let without: usize = (1..=n).map(|s| work.without_cache(s)).sum();
    let with: usize = (1..=n).map(|s| work.with_cache(s)).sum();
    // The closed forms that the pages give.
    let (ones, squares) = (n * (n + 1) / 2, n * (n + 1) * (2 * n + 1) / 6);
    assert_eq!(without, m * ones + a * squares + o * n);
    assert_eq!(with, m * n + a * ones + o * n);
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
            [c.n_layers, c.n_kv_heads, c.head_dim].map(commas).join(" | "),
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
    both_say(PAGE, &commas(saved));
}
