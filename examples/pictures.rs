//! Draws the pictures of the book's written pages anew: `cargo run --release --example pictures`

use llama3::{Language, Result, book};
use std::path::Path;

fn main() -> Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for (language, name) in [(Language::En, "en"), (Language::Zh, "zh")] {
        for (file, figure) in book::pictures(language)? {
            figure.save(docs.join(name).join("pictures").join(file))?;
            println!("docs/{name}/pictures/{file}");
        }
    }
    Ok(())
}
