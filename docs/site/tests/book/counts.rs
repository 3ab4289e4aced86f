//! The book's written pages: their pictures and numbers are what the crate computes, and both
//! languages give the same ones.

use super::page::root;
use llama3::{Config, Language};
use llama3_book::pictures;
use std::path::{Path, PathBuf};

const LANGUAGES: [(Language, &str); 2] = [(Language::En, "en"), (Language::Zh, "zh")];

fn docs() -> PathBuf {
    root().join("docs")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn page(language: &str, name: &str) -> String {
    read(&docs().join(language).join(name))
}

#[test]
fn the_pictures_are_the_ones_the_crate_draws() {
    for (language, name) in LANGUAGES {
        for (file, figure) in pictures::pictures(language).unwrap() {
            let path = docs().join(name).join("pictures").join(file);
            assert!(
                read(&path) == figure.svg(),
                "{} is out of date: cargo run --release -p llama3-book -- pictures",
                path.display()
            );
        }
    }
}

#[test]
fn the_measured_speed_is_the_last_result() {
    for (language, name) in LANGUAGES {
        let tables = pictures::speed(language).unwrap();
        let page = page(name, "speed.md");
        let message =
            "is older than docs/measured.json: cargo run --release -p llama3-book -- pictures";
        assert!(page.contains(&tables), "docs/{name}/speed.md {message}");
        for (model, line) in [
            ("llama-3.2-1b", "Llama 3.2 1B"),
            ("llama-3.2-3b", "Llama 3.2 3B"),
            ("llama-3-8b", "16.06 GB"),
        ] {
            let seconds = format!("| {:.2} s |", pictures::seconds_per_token(model).unwrap());
            let start = self::page(name, "start.md");
            let row = start
                .lines()
                .find(|row| row.starts_with("| Llama") && row.contains(line));
            assert!(
                row.unwrap().contains(&seconds),
                "start.md, {line}: {seconds}"
            );
        }
    }
}

/// A whole number as the pages write it.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The page says each of these numbers, in both languages.
fn says(name: &str, numbers: &[usize]) {
    for (_, language) in LANGUAGES {
        let text = page(language, name);
        for n in numbers.iter().map(|n| grouped(*n)) {
            assert!(text.contains(&n), "docs/{language}/{name} does not say {n}");
        }
    }
}

/// How many numbers the tensors hold whose names end like this, all layers together.
fn count(config: &Config, ends: &[&str]) -> usize {
    let end = |name: &str| {
        ends.iter()
            .any(|end| name.ends_with(&format!("{end}.weight")))
    };
    let tensors = config.tensors().into_iter();
    let mine = tensors.filter(|(name, _)| end(name));
    mine.map(|(_, shape)| shape.iter().product::<usize>()).sum()
}

#[test]
fn the_computation_counts_right() {
    let c = Config::named("llama-3-8b").unwrap();
    let projections = [".wq", ".wk", ".wv", ".wo", ".w1", ".w2", ".w3"];
    let blocks = count(&c, &projections);
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
    let bytes = [
        blocks + output,
        2 * count(&c, &["norm"]),
        2 * c.dim,
        4 * c.kv_cache_per_token(),
    ];
    says("computation.md", &bytes);
}

#[test]
fn the_heap_counts_right() {
    let c = Config::named("llama-3-8b").unwrap();
    let heap = [
        2 * c.n_params(),
        4 * c.kv_cache_per_token(),
        4 * c.dim,
        4 * c.hidden_dim,
        4 * c.vocab_size,
        4 * c.kv_cache_per_token() * c.max_seq_len,
    ];
    says("memory.md", &heap);
    for (_, language) in LANGUAGES {
        let scores = format!("{} · T · S", 4 * c.n_heads);
        assert!(page(language, "memory.md").contains(&scores));
    }
}

#[test]
fn the_models_have_their_sizes() {
    let models = ["smollm2-135m", "llama-3-8b", "llama-3.2-3b", "llama-3.2-1b"];
    let configs = models.map(|name| Config::named(name).unwrap());
    says("models.md", &configs.each_ref().map(Config::n_params));
    for (_, language) in LANGUAGES {
        for name in ["models.md", "start.md"] {
            for config in &configs[1..] {
                let size = format!("{:.2} GB", 2.0 * config.n_params() as f64 / 1e9);
                assert!(
                    page(language, name).contains(&size),
                    "docs/{language}/{name}: {size}"
                );
            }
        }
    }
}

/// The pages of which both languages are held against each other here.
const PAGES: [&str; 5] = [
    "README.md",
    "start.md",
    "computation.md",
    "models.md",
    "memory.md",
];

#[test]
fn both_languages_have_the_same_code_and_numbers() {
    for name in PAGES {
        let [en, zh] = ["en", "zh"].map(|language| page(language, name));
        assert_eq!(code(&en), code(&zh), "{name}");
        assert_eq!(numbers(&en), numbers(&zh), "{name}");
        assert_eq!(links(&en), links(&zh), "{name}");
    }
}

/// The code blocks without their comments, and the formulas.
fn code(text: &str) -> Vec<&str> {
    let blocks = text.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(str::lines);
    let code = lines.map(|line| line.split("  #").next().unwrap_or_default().trim_end());
    let formulas = text.split("$$").skip(1).step_by(2);
    code.chain(formulas).collect()
}

/// The numbers of four digits and more, sorted.
fn numbers(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_digit() || c == ',';
    let pieces = text
        .split(|c| !is_part(c))
        .map(|piece| piece.trim_matches(','));
    let mut numbers: Vec<String> = pieces
        .filter(|piece| piece.len() >= 4 && piece.chars().all(is_part))
        .map(str::to_string)
        .collect();
    numbers.sort();
    numbers
}

/// Where the links lead, sorted; a README's Chinese twin counts as the same page.
fn links(text: &str) -> Vec<String> {
    let ends = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let same = |link: &str| {
        let page = link.split('#').next().unwrap_or_default();
        page.replace("README.zh.md", "README.md")
            .replace("../zh/", "../en/")
    };
    let mut links: Vec<String> = ends.map(same).collect();
    links.sort();
    links
}
