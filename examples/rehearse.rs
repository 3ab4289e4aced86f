//! Writes a checkpoint of random weights in the exact shapes of a real model, so that speed and
//! memory can be measured before the real files are there.
//!
//! `cargo run --release --example rehearse -- --write weights/rehearsal-8b --model llama-3-8b`

#[path = "shared/pretty.rs"]
#[allow(dead_code, reason = "each example needs a part of it")]
mod pretty;
#[path = "shared/progress.rs"]
#[allow(dead_code, reason = "each example needs a part of it")]
mod progress;

use clap::Parser;
use llama3::checkpoint::UNFINISHED;
use llama3::matrix::memory::in_words;
use llama3::prelude::*;
use pretty::{note, say};
use progress::Progress;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

/// Writes seeded random bf16 weights in a released model's shapes: consolidated.safetensors and
/// params.json, under Meta's names.
#[derive(Parser)]
#[command(name = "rehearse")]
struct Args {
    /// The directory to write to
    #[arg(long, value_name = "DIR")]
    write: PathBuf,
    /// Whose shapes: llama-3-8b, llama-3.1-8b, llama-3.2-1b, llama-3.2-3b, smollm2-135m, …
    #[arg(long, default_value = "llama-3-8b")]
    model: String,
    /// Only the first layers
    #[arg(long)]
    layers: Option<usize>,
    /// Other numbers
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

fn main() -> ExitCode {
    pretty::end(run(&Args::parse()))
}

fn run(args: &Args) -> Result<u8> {
    let mut config = Config::named(&args.model)?;
    config.n_layers = args.layers.unwrap_or(config.n_layers);
    let checkpoint = Checkpoint::rehearsal_of(config, args.seed)?;
    let total = checkpoint.n_bytes() as u64;
    let (model, size, dir) = (&args.model, in_words(total), args.write.display());
    say(&format!("{model}: {size} of random weights to {dir}"))?;
    let unfinished = args.write.join(UNFINISHED);
    // A second handler is the only thing that could go wrong, and there is none.
    let _ = ctrlc::set_handler(move || {
        let _ = std::fs::remove_dir_all(&unfinished);
        note("\nStopped; nothing half-written was left.");
        std::process::exit(130);
    });
    let written = Mutex::new((0, Progress::new(total)));
    checkpoint.write(&args.write, &|bytes| {
        if let Ok((done, progress)) = written.lock().as_deref_mut() {
            *done += bytes;
            progress.at(*done, &format!("{} of {size}", in_words(*done)));
        }
    })?;
    drop(written);
    say(&format!("Run it: cargo run --release --example predict_42 -- --model {dir}"))?;
    Ok(0)
}
