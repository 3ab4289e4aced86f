//! What a person sees, and the JSON object.

use crate::predict::Prediction;
use indicatif::{ProgressBar, ProgressStyle};
use llama3::prelude::*;
use llama3::{checkpoint::Format, matrix::memory};
use serde_json::json;
use std::time::Duration;

/// A size in bytes as people write it.
fn size(bytes: u64) -> String {
    match bytes as f64 {
        b if b < 1e6 => format!("{:.1} kB", b / 1e3),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.2} GB", b / 1e9),
    }
}

pub fn model(checkpoint: &Checkpoint) {
    let c = &checkpoint.config;
    println!("Model    {} ({})", checkpoint.name, checkpoint.format);
    if checkpoint.format == Format::Rehearsal {
        rehearsal(checkpoint);
    } else {
        println!("Files    {}", weights::shown(&checkpoint.path));
        println!(
            "Size     {:.1} million weights in {}, read in place",
            c.n_params() as f64 / 1e6,
            size(checkpoint.n_bytes() as u64)
        );
    }
    println!(
        "Sizes    {} layers, dim {}, {} query heads sharing {} KV heads of {}, FFN {}, vocabulary {}",
        c.n_layers, c.dim, c.n_heads, c.n_kv_heads, c.head_dim, c.hidden_dim, c.vocab_size
    );
    for assumption in &checkpoint.assumed {
        println!("Assumed  {assumption}");
    }
}

/// What the real model would need, and what this machine has.
fn rehearsal(checkpoint: &Checkpoint) {
    let weights = checkpoint.n_bytes() as u64;
    println!("         Random weights in the real model's shapes: the prediction means nothing.");
    println!(
        "Needs    a model of these shapes is {} on disk in bf16; it is read in place, and its KV cache takes \
         {} a token",
        size(weights),
        size(4 * checkpoint.config.kv_cache_per_token() as u64)
    );
    if let Some(have) = memory::machine_bytes() {
        let verdict = match have > weights + (1 << 31) {
            true => "the file can stay in memory, so only the first run waits for the disk",
            false => "it works, but every pass reads the file from the disk again",
        };
        println!(
            "Here     this machine has {} of memory: {verdict}",
            size(have)
        );
    }
}

pub fn tokens(prompt: Option<&str>, ids: &[u32], tokenizer: Option<&Tokenizer>) {
    println!();
    if let Some(prompt) = prompt {
        println!("Prompt   {prompt:?}");
    }
    let pieces: Vec<String> = (ids.iter())
        .map(|&id| match tokenizer {
            Some(tokenizer) => format!("{id} {:?}", tokenizer.token(id)),
            None => id.to_string(),
        })
        .collect();
    println!("Tokens   {}: {}", ids.len(), pieces.join(", "));
}

pub fn context(checkpoint: &Checkpoint, sentence: &str) {
    println!(
        "\nThat is not 42: {} does not know the book by heart. Llama 3 8B does, on the bare prompt.\n\
         A small model can read it, so here is the same prompt after one sentence of context:\n{sentence:?}",
        checkpoint.name
    );
}

pub fn prediction(prediction: &Prediction, tokenizer: Option<&Tokenizer>) {
    let text = |id| tokenizer.map_or(String::new(), |t: &Tokenizer| format!("{:?}", t.token(id)));
    println!("\nNext token: the {} most probable", prediction.top.len());
    for candidate in &prediction.top {
        let bar = "█".repeat((candidate.prob * 40.0).round() as usize);
        println!(
            "  {:>6}  {:<12} {:>6.2} %  logit {:>7.3}  {bar}",
            candidate.id,
            text(candidate.id),
            candidate.prob * 100.0,
            candidate.logit
        );
    }
    if let Some(tokenizer) = tokenizer {
        println!(
            "\nIt goes on: {:?}",
            tokenizer.decode(&prediction.greedy).unwrap_or_default()
        );
    }
    println!("Answer: {}", prediction.answer);
}

/// Llama 3 8B on the published prompt: does it say what it said to others?
pub fn agreement(prediction: &Prediction, tokenizer: Option<&Tokenizer>, quiet: bool) {
    let Some(tokenizer) = tokenizer.filter(|_| !quiet) else {
        return;
    };
    let best: Vec<String> = prediction
        .argmax
        .iter()
        .map(|&id| tokenizer.token(id))
        .collect();
    let top10: Vec<String> = prediction
        .top
        .iter()
        .take(10)
        .map(|candidate| tokenizer.token(candidate.id))
        .collect();
    let checks = published::compare(prediction.argmax.last().copied(), &best, &top10);
    let agreed = checks.iter().filter(|check| check.agrees).count();
    println!(
        "\nPublished runs of Llama 3 8B agree with this one in {agreed} of {} values",
        checks.len()
    );
    for check in checks.iter().filter(|check| !check.agrees) {
        println!(
            "  {}: published {}, here {}",
            check.what, check.published, check.here
        );
    }
}

pub fn costs(time: Duration, peak: Option<u64>) {
    let peak = peak.map_or("not known here".to_string(), size);
    println!("\nTime {:.1} s, peak memory {peak}", time.as_secs_f64());
}

pub fn json(
    checkpoint: &Checkpoint,
    tokenizer: Option<&Tokenizer>,
    predictions: &[Prediction],
    time: Duration,
) {
    let Some(last) = predictions.last() else {
        return;
    };
    let top: Vec<_> = (last.top.iter())
        .map(|c| {
            let text = tokenizer.map(|tokenizer| tokenizer.token(c.id));
            json!({"id": c.id, "text": text, "logit": c.logit, "prob": c.prob})
        })
        .collect();
    let tries: Vec<_> = predictions
        .iter()
        .map(|p| json!({"prompt": p.prompt, "answer": p.answer}))
        .collect();
    let object = json!({
        "model": checkpoint.name,
        "format": checkpoint.format.to_string(),
        "prompt": last.prompt,
        "tokens": last.tokens,
        "top": top,
        "argmax": last.argmax,
        "greedy": last.greedy,
        "answer": last.answer,
        "tries": tries,
        "seconds": time.as_secs_f64(),
        "peak_rss_bytes": memory::peak_rss_bytes(),
    });
    println!("{object}");
}

/// The progress bar over the layers: it shows shapes on the way, and what the model would say if it
/// ended there (the logit lens).
pub struct Walk<'a> {
    model: &'a Transformer,
    tokenizer: Option<&'a Tokenizer>,
    bar: ProgressBar,
    quiet: bool,
    lens: bool,
}

impl<'a> Walk<'a> {
    pub fn new(
        model: &'a Transformer,
        tokenizer: Option<&'a Tokenizer>,
        quiet: bool,
        lens: bool,
    ) -> Walk<'a> {
        let bar = match quiet {
            true => ProgressBar::hidden(),
            false => ProgressBar::new(model.config.n_layers as u64),
        };
        let style = ProgressStyle::with_template("layer {pos:>2}/{len} {bar:30} {msg}");
        bar.set_style(style.unwrap_or(ProgressStyle::default_bar()));
        Walk {
            model,
            tokenizer,
            bar,
            quiet,
            lens: lens && !quiet,
        }
    }

    pub fn see(&mut self, site: Site, tensor: &Tensor) -> Result<Option<Tensor>> {
        if let Some(step) = step_of_block_0(site).filter(|_| !self.quiet) {
            self.line(&format!("         {step:<44} {:?}", tensor.dims()));
        }
        if let Site::Residual(layer) = site {
            self.bar.set_position(layer as u64 + 1);
            if self.lens {
                self.guess(layer, tensor)?;
            }
        }
        Ok(None)
    }

    /// What the stream after this layer predicts for the last position.
    fn guess(&mut self, layer: usize, x: &Tensor) -> Result<()> {
        let logits = self.model.logits(&x.narrow(0, x.dim(0)? - 1, 1)?)?;
        let Some(best) = sampling::top(&logits.get(0)?, 1)?.into_iter().next() else {
            return Ok(());
        };
        let text = self
            .tokenizer
            .map_or(best.id.to_string(), |t| format!("{:?}", t.token(best.id)));
        let guess = format!("best guess {text} ({:.0} %)", best.prob * 100.0);
        self.bar.set_message(guess.clone());
        if self.bar.is_hidden() {
            println!(
                "layer {:>2}/{} {guess}",
                layer + 1,
                self.model.config.n_layers
            );
        }
        Ok(())
    }

    /// A line above the bar, or on stdout where there is no terminal.
    fn line(&self, text: &str) {
        match self.bar.is_hidden() {
            true => println!("{text}"),
            false => self.bar.println(text),
        }
    }

    pub fn finish(&self) {
        self.bar.finish();
    }
}

/// The steps whose shapes are shown, in words.
fn step_of_block_0(site: Site) -> Option<&'static str> {
    Some(match site {
        Site::Embedding => "a row of the embedding table per token",
        Site::Queries(0) => "queries: heads, tokens, head_dim",
        Site::Keys(0) => "keys: fewer heads, shared by the queries'",
        Site::Scores(0) => "scores: each token with each before it",
        Site::HeadOutputs(0) => "what each head found",
        Site::AttentionOutput(0) => "heads together, back in the stream's size",
        Site::FeedForwardHidden(0) => "SwiGLU's wide middle",
        Site::Residual(0) => "after block 1: the same size as before",
        Site::Logits => "logits: one number per word of the vocabulary",
        _ => return None,
    })
}
