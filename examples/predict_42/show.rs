//! What a person sees, and the JSON object.

use crate::Session;
use crate::predict::Prediction;
use crate::pretty::say;
use llama3::checkpoint::stores::Environment;
use llama3::checkpoint::{Format, inventory};
use llama3::matrix::memory::{self, in_words};
use llama3::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

/// Every model found on this machine.
pub fn list() -> String {
    let rows = inventory::rows(&Environment::here());
    if rows.is_empty() {
        return "no models yet: weights/README.md says how to get one\n".into();
    }
    let header = table(&["model", "kind", "size", "runs here"]);
    let list = rows.iter().fold(header, |list, row| {
        list.row(&[&row.name, &row.kind, &in_words(row.n_bytes), &row.runs])
    });
    list.text()
}

/// Where the lines go: to stdout, or nowhere while a JSON object is to be the only output.
pub struct Screen {
    pub quiet: bool,
}

impl Screen {
    pub fn line(&self, text: &str) -> Result<()> {
        if self.quiet { Ok(()) } else { say(text) }
    }

    pub fn model(&self, checkpoint: &Checkpoint) -> Result<()> {
        let c = &checkpoint.config;
        self.line(&format!("Model    {} ({})", checkpoint.name, checkpoint.format))?;
        if checkpoint.format == Format::Rehearsal {
            self.rehearsal(checkpoint)?;
        } else {
            let millions = c.n_params() as f64 / 1e6;
            let size = in_words(checkpoint.n_bytes() as u64);
            self.line(&format!("Files    {}", weights::shown(&checkpoint.path)))?;
            self.line(&format!("Size     {millions:.1} million weights in {size}, read in place"))?;
        }
        let (heads, ffn) = (c.n_heads, c.hidden_dim);
        self.line(&format!(
            "Sizes    {} layers, dim {}, {heads} query heads sharing {} KV heads of {}, FFN {ffn}, vocabulary {}",
            c.n_layers, c.dim, c.n_kv_heads, c.head_dim, c.vocab_size
        ))?;
        for assumption in &checkpoint.assumed {
            self.line(&format!("Assumed  {assumption}"))?;
        }
        Ok(())
    }

    /// What the real model would need, and what this machine has.
    fn rehearsal(&self, checkpoint: &Checkpoint) -> Result<()> {
        let weights = checkpoint.n_bytes() as u64;
        let (file, a_token) =
            (in_words(weights), in_words(4 * checkpoint.config.kv_cache_per_token() as u64));
        self.line(
            "         Random weights in the real model's shapes: the prediction means nothing.",
        )?;
        self.line(&format!(
            "Needs    a model of these shapes is {file} on disk in bf16; it is read in place, and its KV cache takes {a_token} a token"
        ))?;
        let Some(have) = memory::machine_bytes() else {
            return Ok(());
        };
        let verdict = if have > weights + (1 << 31) {
            "the file can stay in memory, so only the first run waits for the disk"
        } else {
            "it works, but every pass reads the file from the disk again"
        };
        self.line(&format!("Here     this machine has {} of memory: {verdict}", in_words(have)))
    }

    pub fn tokens(&self, session: &Session, prompt: Option<&str>, ids: &[u32]) -> Result<()> {
        self.line("")?;
        if let Some(prompt) = prompt {
            self.line(&format!("Prompt   {prompt:?}"))?;
        }
        let piece = |&id: &u32| match session.text(id) {
            Some(text) => format!("{id} {text}"),
            None => id.to_string(),
        };
        let pieces: Vec<String> = ids.iter().map(piece).collect();
        self.line(&format!("Tokens   {}: {}", ids.len(), pieces.join(", ")))
    }

    pub fn context(&self, checkpoint: &Checkpoint, sentence: &str) -> Result<()> {
        self.line(&format!(
            "\nThat is not 42: {} does not know the book by heart. Llama 3 8B does, on the bare prompt.\n\
             A small model can read it, so here is the same prompt after one sentence of context:\n{sentence:?}",
            checkpoint.name
        ))
    }

    pub fn prediction(&self, session: &Session, prediction: &Prediction) -> Result<()> {
        self.line(&format!("\nNext token: the {} most probable", prediction.top.len()))?;
        for c in &prediction.top {
            let (id, text) = (c.id, session.text(c.id).unwrap_or_default());
            let (percent, logit) = (c.prob * 100.0, c.logit);
            let bar = "█".repeat((c.prob * 40.0).round() as usize);
            self.line(&format!(
                "  {id:>6}  {text:<12} {percent:>6.2} %  logit {logit:>7.3}  {bar}"
            ))?;
        }
        if let Some(tokenizer) = &session.tokenizer {
            let text = tokenizer.decode(&prediction.greedy).unwrap_or_default();
            self.line(&format!("\nIt goes on: {text:?}"))?;
        }
        self.line(&format!("Answer: {}", prediction.answer))
    }

    /// Llama 3 8B on the published prompt: does it say what it said to others?
    pub fn agreement(&self, session: &Session, prediction: &Prediction) -> Result<()> {
        let Some(tokenizer) = &session.tokenizer else {
            return Ok(());
        };
        let best: Vec<String> = prediction.argmax.iter().map(|&id| tokenizer.token(id)).collect();
        let top = prediction.top.iter().take(10);
        let top10: Vec<String> = top.map(|candidate| tokenizer.token(candidate.id)).collect();
        let checks = published::compare(prediction.argmax.last().copied(), &best, &top10);
        let (agreed, n) = (checks.iter().filter(|check| check.agrees).count(), checks.len());
        self.line(&format!(
            "\nPublished runs of Llama 3 8B agree with this one in {agreed} of {n} values"
        ))?;
        for check in checks.iter().filter(|check| !check.agrees) {
            let (what, published, here) = (&check.what, &check.published, &check.here);
            self.line(&format!("  {what}: published {published}, here {here}"))?;
        }
        Ok(())
    }

    pub fn costs(&self, time: Duration) -> Result<()> {
        let peak = memory::peak_rss_bytes().map_or("not known here".to_string(), in_words);
        self.line(&format!("\nTime {:.1} s, peak memory {peak}", time.as_secs_f64()))
    }
}

pub fn json(session: &Session, tries: &[Prediction], time: Duration) -> Value {
    let Some(last) = tries.last() else {
        return Value::Null;
    };
    let tokenizer = session.tokenizer.as_ref();
    let top = last.top.iter().map(|c| {
        let text = tokenizer.map(|tokenizer| tokenizer.token(c.id));
        json!({"id": c.id, "text": text, "logit": c.logit, "prob": c.prob})
    });
    let tried = tries.iter().map(|p| json!({"prompt": p.prompt, "answer": p.answer}));
    json!({
        "model": session.checkpoint.name,
        "format": session.checkpoint.format.to_string(),
        "assumed": session.checkpoint.assumed,
        "prompt": last.prompt,
        "tokens": last.tokens,
        "top": top.collect::<Vec<_>>(),
        "argmax": last.argmax,
        "greedy": last.greedy,
        "answer": last.answer,
        "tries": tried.collect::<Vec<_>>(),
        "seconds": time.as_secs_f64(),
        "peak_rss_bytes": memory::peak_rss_bytes(),
    })
}
