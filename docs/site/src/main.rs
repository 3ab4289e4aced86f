//! The book: `walk` makes its walk pages from the notebooks, `site` makes the web site.

mod formulas;
mod language;
mod links;
mod markdown;
mod site;
mod walk;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Makes the book's walk pages from the notebooks, and the web site from the book.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The repository: the directory that holds `docs` and `notebooks`
    #[arg(long, global = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))]
    root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write docs/{en,zh}/walk from the executed notebooks
    Walk {
        /// Write nothing; fail and name the pages that are older than their notebooks
        #[arg(long)]
        check: bool,
    },
    /// Build the web site of both books under target/book
    Site {
        /// Where to put it, instead of target/book
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let Arguments { root, command } = Arguments::parse();
    match command {
        Command::Walk { check: true } => walk::check(&root),
        Command::Walk { check: false } => walk::write(&root),
        Command::Site { out } => site::build(&root, &out.unwrap_or(root.join("target/book"))),
    }
}
