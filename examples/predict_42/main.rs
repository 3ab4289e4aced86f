//! Llama 3's best-known trick, end to end: a prompt goes in, "42" comes out.
//!
//! `cargo run --release --example predict_42 -- --help` lists the options.

mod predict;
#[path = "../shared/pretty.rs"]
#[allow(dead_code, reason = "each example needs a part of it")]
mod pretty;
#[path = "../shared/progress.rs"]
#[allow(dead_code, reason = "each example needs a part of it")]
mod progress;
mod show;
mod verdict;
mod verify;
mod walk;

use clap::Parser;
use llama3::notebook::CONTEXT;
use llama3::prelude::*;
use predict::{Prediction, predict};
use show::Screen;
use std::process::ExitCode;
use std::time::Instant;

/// Runs all layers of a Llama model on a prompt and shows what it predicts.
#[derive(Parser)]
#[command(name = "predict_42")]
pub struct Args {
    /// A model under weights/, the path of its directory or file, or another program's model:
    /// ollama:llama3, meta-llama/Llama-3.2-1B. Default: Llama 3 8B if it is in
    /// weights/Meta-Llama-3-8B, else SmolLM2-135M-Instruct, which is fetched once (98 MB).
    #[arg(long, value_name = "NAME|PATH", conflicts_with = "rehearse")]
    model: Option<String>,
    /// Show every model found on this machine, and whether it runs here
    #[arg(long, exclusive = true)]
    list: bool,
    /// What the model reads [default: the question, ending in "everything is "]
    #[arg(long, allow_hyphen_values = true)]
    prompt: Option<String>,
    /// Token ids in place of a prompt; works without a tokenizer file
    #[arg(long, value_name = "1,2,3", value_delimiter = ',', conflicts_with = "prompt")]
    tokens: Option<Vec<u32>>,
    /// How many of the next tokens to list; 0 lists the whole vocabulary
    #[arg(long, default_value_t = 10)]
    top: usize,
    /// How many tokens to continue greedily
    #[arg(long, default_value_t = 4)]
    steps: usize,
    /// Random weights in the exact shapes of a released model, such as llama-3-8b or llama-3.2-1b
    #[arg(long, value_name = "NAME")]
    rehearse: Option<String>,
    /// The RoPE scaling factor of a params.json that does not state it
    #[arg(long, value_name = "FACTOR")]
    rope_factor: Option<f64>,
    /// Do not guess after each layer (each guess reads the output matrix once more)
    #[arg(long)]
    no_lens: bool,
    /// One JSON object on stdout and nothing else
    #[arg(long)]
    json: bool,
    /// Compare every step with what others found for Llama 3 8B or SmolLM2-135M-Instruct: exit code
    /// 0 if all agree, 1 at the first that differs, 2 if it cannot run
    #[arg(long, conflicts_with_all = ["prompt", "tokens", "top", "steps", "no_lens", "json"])]
    verify: bool,
}

fn main() -> ExitCode {
    pretty::end(run(Args::parse()))
}

/// What a run works with.
pub struct Session {
    args: Args,
    checkpoint: Checkpoint,
    /// With ids given directly, a tokenizer only serves to show them as text.
    tokenizer: Option<Tokenizer>,
    model: Transformer,
    screen: Screen,
}

fn run(args: Args) -> Result<u8> {
    if args.list {
        pretty::write(&show::list())?;
        return Ok(0);
    }
    let start = Instant::now();
    let session = Session::open(args)?;
    if session.args.verify {
        return verdict::run(&session);
    }
    let question = session.args.prompt.clone().unwrap_or(published::PROMPT.into());
    let ids = session.ids(&question)?;
    session.screen.model(&session.checkpoint)?;

    let prompt = session.args.tokens.is_none().then_some(question.as_str());
    let mut tries = vec![session.try_with(prompt, ids)?];
    if session.is_published(&tries[0]) {
        session.screen.agreement(&session, &tries[0])?;
    }
    let told = format!("{CONTEXT}{question}");
    if session.needs_context(&tries[0])
        && let Ok(ids) = session.ids(&told)
    {
        session.screen.context(&session.checkpoint, CONTEXT)?;
        tries.push(session.try_with(Some(&told), ids)?);
    }
    if session.args.json {
        pretty::say(&show::json(&session, &tries, start.elapsed()).to_string())?;
    }
    session.screen.costs(start.elapsed())?;
    Ok(0)
}

impl Session {
    fn open(args: Args) -> Result<Session> {
        let options = Options { rope_factor: args.rope_factor };
        let checkpoint = match (&args.rehearse, &args.model) {
            (Some(name), _) => Checkpoint::rehearsal(name)?,
            (None, Some(name)) => Checkpoint::open_named(name, &options)?,
            (None, None) => {
                pretty::tell_of_llama3("cargo run --release --example predict_42 -- --model");
                Checkpoint::open_named(&weights::default_model()?, &options)?
            }
        };
        let tokenizer = match (checkpoint.tokenizer(), &args.tokens) {
            (Ok(tokenizer), _) => Some(tokenizer),
            (Err(_), Some(_)) => None,
            (Err(e), None) => return Err(e),
        };
        let model = Transformer::on(&checkpoint, &llama3::default_device()?)?;
        let screen = Screen { quiet: args.json };
        Ok(Session { args, checkpoint, tokenizer, model, screen })
    }

    /// The tokens to read. Refuses, before anything is shown, what the model cannot read.
    fn ids(&self, prompt: &str) -> Result<Vec<u32>> {
        let ids = match (&self.args.tokens, &self.tokenizer) {
            (Some(ids), _) => ids.clone(),
            (None, Some(tokenizer)) => tokenizer.prompt(prompt),
            (None, None) => vec![],
        };
        let vocab_size = self.model.config.vocab_size;
        if ids.is_empty() || prompt.is_empty() {
            let message = "the prompt is empty: give it at least one token";
            return Err(Error::Argument(message.into()));
        }
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocab_size) {
            return Err(Error::TokenOutOfRange { id, vocab_size });
        }
        let (n_tokens, most) = (ids.len(), self.model.config.max_seq_len);
        if n_tokens > most {
            return Err(Error::Argument(format!(
                "the prompt has {n_tokens} tokens, and {} was made for {most}: shorten it",
                self.checkpoint.name
            )));
        }
        Ok(ids)
    }

    /// One prompt through all layers, shown on the way.
    fn try_with(&self, prompt: Option<&str>, ids: Vec<u32>) -> Result<Prediction> {
        self.screen.tokens(self, prompt, &ids)?;
        let mut walk = walk::Walk::new(self, ids.len());
        let prediction = predict(self, prompt, ids, &mut |site, x| walk.see(site, x))?;
        drop(walk);
        self.screen.prediction(self, &prediction)?;
        Ok(prediction)
    }

    /// Whether others published what the real Llama 3 8B says after these tokens.
    fn is_published(&self, first: &Prediction) -> bool {
        let is_real = self.args.rehearse.is_none();
        is_real && published::applies_to(&self.model.config, &first.tokens)
    }

    /// A small model does not know the book by heart.
    fn needs_context(&self, first: &Prediction) -> bool {
        let asked_for_42 = self.args.prompt.is_none() && self.args.tokens.is_none();
        asked_for_42 && self.args.rehearse.is_none() && first.answer != "42"
    }

    /// A token as text, in quotes; nothing without a tokenizer.
    fn text(&self, id: u32) -> Option<String> {
        let token = self.tokenizer.as_ref()?.token(id);
        Some(format!("{token:?}"))
    }
}
