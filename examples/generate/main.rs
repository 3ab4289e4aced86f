//! Text from a model as it is made, one continuation or several at once, and what it costs.
//!
//! `cargo run --release --example generate -- --help` lists the options.

mod options;
#[path = "../shared/pretty.rs"]
#[allow(dead_code, reason = "each example needs a part of it")]
mod pretty;
mod printout;
#[path = "../shared/progress.rs"]
#[allow(dead_code, reason = "each example needs a part of it")]
mod progress;
mod prompt;
mod run;
mod watch;

use clap::Parser;
use llama3::matrix::memory::{self, in_words};
use llama3::prelude::*;
use llama3::transformer::default_device;
use options::Args;
use pretty::note;
use printout::Printout;
use run::{End, Run};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use watch::Watch;

const THREADS: &str = "RAYON_NUM_THREADS";

fn main() -> ExitCode {
    tell_candle_the_threads();
    pretty::end(generate(&Args::parse()))
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
    let (is_chat, why) = prompt::is_chat(args, &checkpoint, &tokenizer);
    let ids = prompt::ids(args, &text, is_chat, &tokenizer, &checkpoint)?;
    let model = Transformer::on(&checkpoint, &default_device()?)?;
    let stopped = on_ctrl_c();
    note(&format!("Model    {} ({})", checkpoint.name, checkpoint.format));
    if checkpoint.format == Format::Rehearsal {
        note("         Random weights in the real model's shapes: the text means nothing.");
    }
    for assumption in &checkpoint.assumed {
        note(&format!("Assumed  {assumption}"));
    }
    let done = if is_chat { "answered" } else { "continued" };
    note(&format!("Prompt   is {done}: {why}"));

    let mut run = Run {
        model: &model,
        args,
        stop_tokens: tokenizer.stop_tokens(),
        watch: Watch::new(&stopped, ids.len(), model.config.n_layers),
        printout: Printout::new(&tokenizer, args.batch, args.seed),
        texts: vec![],
    };
    run.go(&ids)?;
    summary(&run, ids.len());
    if args.profile {
        note(&format!("\n{}", run.watch.profile.table().text().trim_end()));
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
        note(&format!("Stopped  after {prefill:.2} s, while the prompt was being read"));
        return;
    }
    let ended = |end| run.texts.iter().any(|text| text.end == end);
    if ended(None) {
        note("Stopped  before the end of the text");
    }
    if ended(Some(End::ContextFull)) {
        let size = run.model.config.max_seq_len;
        note(&format!("Full     the context of {size} tokens is used up: the model takes no more"));
    }
    // The first token of each text comes from the prefill.
    let n_decoded: usize = run.texts.iter().map(|text| text.n_tokens.saturating_sub(1)).sum();
    note(&format!("Prefill  {}", speed(n_prompt, prefill)));
    note(&format!("Decode   {}", speed(n_decoded, decode)));
    note(&format!(
        "Memory   {} at most, the weights' pages included; without them {} at the end",
        size(memory::peak_rss_bytes()),
        size(memory::heap_bytes())
    ));
}

fn speed(n_tokens: usize, seconds: f64) -> String {
    let speed = n_tokens as f64 / seconds.max(1e-9);
    format!("{n_tokens} tokens in {seconds:.2} s, {speed:.1} tokens/s")
}

fn size(bytes: Option<u64>) -> String {
    bytes.map_or("not known here".to_string(), in_words)
}
