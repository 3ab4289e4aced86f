//! Draws the pictures of the book's written pages anew, and puts the measured speed into its page:
//! `cargo run --release --example pictures`

use llama3::{Error, Language, Result, book};
use std::path::Path;

fn main() -> Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for (language, name) in [(Language::En, "en"), (Language::Zh, "zh")] {
        for (file, figure) in book::pictures(language)? {
            figure.save(docs.join(name).join("pictures").join(file))?;
            println!("docs/{name}/pictures/{file}");
        }
        write_speed(&docs.join(name).join("speed.md"), &book::speed(language)?)?;
        println!("docs/{name}/speed.md");
    }
    Ok(())
}

/// Puts the tables between the page's two marks.
fn write_speed(path: &Path, tables: &str) -> Result<()> {
    let io = |e| Error::Argument(format!("{}: {e}", path.display()));
    let page = std::fs::read_to_string(path).map_err(io)?;
    let marks = page
        .find("<!-- measured -->")
        .zip(page.find("<!-- end -->"));
    let Some((start, end)) = marks.filter(|(start, end)| start < end) else {
        let missing = "no <!-- measured --> before an <!-- end -->, where the tables go";
        return Err(Error::Argument(format!("{}: {missing}", path.display())));
    };
    let (before, after) = (&page[..start], &page[end..]);
    std::fs::write(path, format!("{before}<!-- measured -->\n{tables}{after}")).map_err(io)
}
