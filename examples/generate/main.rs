//! Text from a model as it is made, one continuation or several at once, and what it costs.
//!
//! `cargo run --release --example generate -- --help` lists the options.

mod options;
mod pages;
mod prompt;
mod run;
mod watch;

use clap::Parser;
use llama3::prelude::*;
use llama3::{matrix::memory, transformer::default_device};
use options::Args;
use pages::Pages;
use run::{End, Run};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use watch::Watch;

const THREADS: &str = "RAYON_NUM_THREADS";

fn main() -> ExitCode {
    tell_candle_the_threads();
    match generate(&Args::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::from(2)
        }
    }
}

/// candle asks for the number of processors at every product, and unless this variable says it, the
/// system writes a long text each time (/proc/cpuinfo): a fifth of the time of a small model.
fn tell_candle_the_threads() {
    if let (Err(_), Ok(n)) = (std::env::var(THREADS), std::thread::available_parallelism()) {
        // SAFETY: nothing else has run yet, so no other thread looks at the environment.
        unsafe { std::env::set_var(THREADS, n.to_string()) };
    }
}

/// The whole run; returns the exit code.
fn generate(args: &Args) -> Result<u8> {
    args.check()?;
    let text = prompt::text(args)?;
    let checkpoint = args.open()?;
    let tokenizer = checkpoint.tokenizer()?;
    let ids = prompt::ids(args, &text, &checkpoint, &tokenizer)?;
    let model = Transformer::on(&checkpoint, &default_device()?)?;
    let stopped = on_ctrl_c();
    eprintln!("Model    {} ({})", checkpoint.name, checkpoint.format);
    if checkpoint.format == Format::Rehearsal {
        eprintln!("         Random weights in the real model's shapes: the text means nothing.");
    }

    let closed = stopped.clone();
    let on_closed = Box::new(move || closed.store(true, Ordering::Relaxed));
    let mut run = Run {
        model: &model,
        args,
        stop_tokens: tokenizer.stop_tokens(),
        watch: Watch::new(&stopped, ids.len(), model.config.n_layers),
        pages: Pages::new(&tokenizer, args.batch, args.seed, on_closed),
        texts: vec![],
    };
    run.go(&ids)?;
    summary(&run, ids.len());
    if args.profile {
        eprint!("\n{}", run.watch.profile.table().text());
    }
    Ok(if run.watch.is_stopped() { 130 } else { 0 })
}

/// Becomes true at Ctrl-C: the run then ends by itself, in order. A second Ctrl-C ends it at once.
fn on_ctrl_c() -> Arc<AtomicBool> {
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = stopped.clone();
    // A second handler is the only thing that could go wrong, and there is none.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    stopped
}

/// How it ended, how fast it was and what it took.
fn summary(run: &Run, n_prompt: usize) {
    let profile = &run.watch.profile;
    let [prefill, decode] = ["prefill", "decode"].map(|phase| profile.time(&[phase]).as_secs_f64());
    if run.texts.is_empty() {
        eprintln!("Stopped  after {prefill:.2} s, while the prompt was being read");
        return;
    }
    let ended = |end| run.texts.iter().any(|text| text.end == end);
    if ended(None) {
        eprintln!("Stopped  before the end of the text");
    }
    if ended(Some(End::ContextFull)) {
        let size = run.model.config.max_seq_len;
        eprintln!("Full     the context of {size} tokens is used up: the model takes no more");
    }
    // The first token of each text comes from the prefill.
    let n_decoded: usize = run
        .texts
        .iter()
        .map(|text| text.n_tokens.saturating_sub(1))
        .sum();
    eprintln!("Prefill  {}", speed(n_prompt, prefill));
    eprintln!("Decode   {}", speed(n_decoded, decode));
    eprintln!(
        "Memory   {} at most, the weights' pages included; without them {} at the end",
        megabytes(memory::peak_rss_bytes()),
        megabytes(memory::heap_bytes())
    );
}

fn speed(n_tokens: usize, seconds: f64) -> String {
    let speed = n_tokens as f64 / seconds.max(1e-9);
    format!("{n_tokens} tokens in {seconds:.2} s, {speed:.1} tokens/s")
}

fn megabytes(bytes: Option<u64>) -> String {
    match bytes {
        Some(bytes) => format!("{:.1} MB", bytes as f64 / 1e6),
        None => "not known here".to_string(),
    }
}
