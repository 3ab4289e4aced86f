//! The numbers in the book's written pages follow from the sizes of the models, or are what was
//! measured last; both languages give the same ones.

use super::page::{both, both_say, read, root};
use llama3::Config;
use llama3::plot::numbers::short;
use llama3_book::pictures::Measured;

/// A whole number as the pages write it: 6,979,321,856.
pub fn commas(n: usize) -> String {
    short(n as f64)
}

pub fn named(name: &str) -> Config {
    Config::named(name).unwrap()
}

/// The page says each of these numbers, in both languages.
fn says(name: &str, numbers: &[usize]) {
    numbers.iter().for_each(|n| both_say(name, &commas(*n)));
}

/// The seven matrices of a block.
pub const PROJECTIONS: [&str; 7] = [".wq", ".wk", ".wv", ".wo", ".w1", ".w2", ".w3"];

/// How many numbers the tensors hold whose names end like this, all layers together.
pub fn count(config: &Config, ends: &[&str]) -> usize {
    let ends_so = |name: &str| ends.iter().any(|end| name.ends_with(&format!("{end}.weight")));
    let tensors = config.tensors().into_iter();
    let mine = tensors.filter(|(name, _)| ends_so(name));
    mine.map(|(_, shape)| shape.iter().product::<usize>()).sum()
}

#[test]
fn the_computation_counts_right() {
    let c = named("llama-3-8b");
    let blocks = count(&c, &PROJECTIONS);
    let output = count(&c, &["output"]);
    let attention = 4 * c.n_layers * c.n_heads * c.head_dim;
    let parameters = [
        count(&c, &["tok_embeddings"]),
        count(&c, &[".wq", ".wo"]),
        count(&c, &[".wk", ".wv"]),
        count(&c, &[".w1", ".w3"]),
        count(&c, &[".w2"]),
        count(&c, &["norm"]),
        c.n_params(),
        2 * c.n_params(),
    ];
    says("computation.md", &parameters);
    let kv_dim = c.n_kv_heads * c.head_dim;
    let each = [c.dim * c.dim, kv_dim * c.dim, c.hidden_dim * c.dim, c.dim];
    says("computation.md", &each);
    let operations = [
        blocks,
        2 * blocks,
        2 * output,
        2 * (blocks + output),
        attention,
        attention * 17,
        attention * c.max_seq_len,
    ];
    says("computation.md", &operations);
    let bytes = [blocks + output, 2 * count(&c, &["norm"]), 2 * c.dim, 4 * c.kv_cache_per_token()];
    says("computation.md", &bytes);
}

#[test]
fn the_heap_counts_right() {
    let c = named("llama-3-8b");
    let heap = [
        2 * c.n_params(),
        4 * c.kv_cache_per_token(),
        4 * c.dim,
        4 * c.hidden_dim,
        4 * c.vocab_size,
        4 * c.kv_cache_per_token() * c.max_seq_len,
    ];
    says("memory.md", &heap);
    both_say("memory.md", &format!("{} · T · S", 4 * c.n_heads));
}

#[test]
fn the_models_have_their_sizes() {
    let models = ["smollm2-135m", "llama-3-8b", "llama-3.2-3b", "llama-3.2-1b"].map(named);
    says("models.md", &models.each_ref().map(Config::n_params));
    for config in &models[1..] {
        let size = format!("{:.2} GB", 2.0 * config.n_params() as f64 / 1e9);
        both_say("models.md", &size);
        both_say("start.md", &size);
    }
}

#[test]
fn numbers_of_other_pages() {
    let (small, big) = (named("smollm2-135m"), named("llama-3-8b"));
    both_say("questions.md", &commas(small.n_params()));
    both_say("questions.md", &format!("{:.0}", small.rope_theta));
    both_say("questions.md", &format!("{:.0}", big.rope_theta));
    both_say("glossary.md", &commas(big.n_params()));
    both_say("glossary.md", &format!(" {} ", big.vocab_size));
    let gigabytes = 2.0 * big.n_params() as f64 / 1e9;
    both_say("running.md", &format!("{gigabytes:.2} GB"));
    let manifest = read("Cargo.toml");
    let rust = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    both_say("running.md", &format!("Rust {} ", rust.unwrap().trim_matches('"')));
}

#[test]
fn the_first_page_gives_the_measured_speed() {
    let measured = Measured::read(root()).unwrap();
    let lines = [
        ("llama-3.2-1b", "Llama 3.2 1B"),
        ("llama-3.2-3b", "Llama 3.2 3B"),
        ("llama-3-8b", "16.06 GB"),
    ];
    for (model, line) in lines {
        let seconds = format!("| {:.2} s |", measured.seconds_per_token(model).unwrap());
        for (path, page) in both("start.md") {
            let is_it = |row: &&str| row.starts_with("| Llama") && row.contains(line);
            let row = page.lines().find(is_it).unwrap();
            assert!(row.contains(&seconds), "{}, {line}: {seconds}", path.display());
        }
    }
}
