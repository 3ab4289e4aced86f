//! The commands that make the book.

use anyhow::Result;
use clap::{Parser, Subcommand};
use llama3_book::{pictures, site, walk};
use std::path::PathBuf;
use std::process::ExitCode;

/// Makes the book: its walk pages, its pictures, its web site.
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
    /// Draw the pictures of docs/{en,zh}, and put docs/measured.json into their pages on speed
    Pictures {
        /// Write nothing; fail and name what is out of date
        #[arg(long)]
        check: bool,
    },
    /// Draw the README's picture: what predict_42 printed, read from the standard input
    Run,
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
        Command::Pictures { check: true } => pictures::check(&root),
        Command::Pictures { check: false } => pictures::write(&root),
        Command::Run => pictures::run::write(&root),
        Command::Site { out } => site::build(&root, &out.unwrap_or(root.join("target/book"))),
    }
}
