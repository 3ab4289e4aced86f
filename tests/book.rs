//! The book's written pages: their pictures and numbers are what the crate computes.

use llama3::{Config, Language, book, checkpoint::names};
use std::path::{Path, PathBuf};

const LANGUAGES: [(Language, &str); 2] = [(Language::En, "en"), (Language::Zh, "zh")];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_pictures_are_the_ones_the_crate_draws() {
    for (language, name) in LANGUAGES {
        for (file, figure) in book::pictures(language).unwrap() {
            let path = docs().join(name).join("pictures").join(file);
            assert!(
                read(&path) == figure.svg(),
                "{} is out of date: cargo run --release --example pictures",
                path.display()
            );
        }
    }
}
