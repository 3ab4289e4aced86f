//! Llama 3's best-known trick, end to end: a prompt goes in, "42" comes out.
//!
//! `cargo run --release --example predict_42 -- --help` lists the options.

mod predict;
mod show;
mod verify;

use clap::Parser;
use llama3::prelude::*;
use llama3::{matrix::memory, notebook::CONTEXT};
use predict::{Prediction, predict};
use std::time::Instant;

/// Runs all layers of a Llama model on a prompt and shows what it predicts.
#[derive(Parser)]
#[command(name = "predict_42")]
pub struct Args {
    /// A model under weights/, or the path of its directory or file. Default: Llama 3 8B if it is
    /// in weights/Meta-Llama-3-8B, else SmolLM2-135M-Instruct, which is fetched once (98 MB).
    #[arg(long, value_name = "NAME|DIR", conflicts_with = "rehearse")]
    model: Option<String>,
    /// What the model reads [default: the question, ending in "everything is "]
    #[arg(long)]
    prompt: Option<String>,
    /// Token ids in place of a prompt; works without a tokenizer file
    #[arg(
        long,
        value_name = "1,2,3",
        value_delimiter = ',',
        conflicts_with = "prompt"
    )]
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

fn main() {
    match run(&Args::parse()) {
        Ok(true) => {}
        Ok(false) => std::process::exit(1),
        Err(e) => {
            eprintln!("error: {e}");
            std::process::exit(2);
        }
    }
}

/// `false` if a verification found a step that differs.
fn run(args: &Args) -> Result<bool> {
    let start = Instant::now();
    let options = Options {
        rope_factor: args.rope_factor,
    };
    let checkpoint = match (&args.rehearse, &args.model) {
        (Some(name), _) => Checkpoint::rehearsal(name)?,
        (None, Some(name)) => Checkpoint::open_named(name, &options)?,
        (None, None) => Checkpoint::open_named(&weights::default_model()?, &options)?,
    };
    if args.verify {
        return verify::run(&checkpoint);
    }
    // With ids given directly, a tokenizer only serves to show them as text.
    let tokenizer = match (checkpoint.tokenizer(), &args.tokens) {
        (Ok(tokenizer), _) => Some(tokenizer),
        (Err(_), Some(_)) => None,
        (Err(e), None) => return Err(e),
    };
    let bare = args.prompt.as_deref().unwrap_or(published::PROMPT);
    let ids = match (&args.tokens, &tokenizer) {
        (Some(ids), _) => ids.clone(),
        (None, Some(tokenizer)) => tokenizer.prompt(bare),
        (None, None) => vec![],
    };
    refuse_bad_tokens(&ids, checkpoint.config.vocab_size)?;
    if !args.json {
        show::model(&checkpoint);
    }
    let predictions = predictions(args, &checkpoint, tokenizer.as_ref(), ids)?;
    if args.json {
        show::json(
            &checkpoint,
            tokenizer.as_ref(),
            &predictions,
            start.elapsed(),
        );
    } else {
        show::costs(start.elapsed(), memory::peak_rss_bytes());
    }
    Ok(true)
}

/// Before anything is shown or read: are there tokens, and does the model know them?
fn refuse_bad_tokens(ids: &[u32], vocab_size: usize) -> Result<()> {
    if ids.is_empty() {
        return Err(Error::Argument(
            "the prompt is empty: give it at least one token".into(),
        ));
    }
    match ids.iter().find(|&&id| id as usize >= vocab_size) {
        Some(&id) => Err(Error::TokenOutOfRange { id, vocab_size }),
        None => Ok(()),
    }
}

/// The prompt as it is; and where that does not give 42, the prompt with one sentence of context.
fn predictions(
    args: &Args,
    checkpoint: &Checkpoint,
    tokenizer: Option<&Tokenizer>,
    ids: Vec<u32>,
) -> Result<Vec<Prediction>> {
    let model = Transformer::on(checkpoint, &llama3::default_device()?)?;
    let bare = args.prompt.as_deref().unwrap_or(published::PROMPT);
    let prompt = args.tokens.is_none().then_some(bare);
    let first = one(args, &model, tokenizer, prompt, ids)?;
    if published::applies_to(&model.config, &first.tokens) && args.rehearse.is_none() {
        show::agreement(&first, tokenizer, args.json);
    }
    let asked_for_42 = args.prompt.is_none() && args.tokens.is_none();
    let small_model = asked_for_42 && args.rehearse.is_none() && first.answer != "42";
    match tokenizer {
        Some(tokenizer) if small_model => {
            let told = format!("{CONTEXT}{bare}");
            if !args.json {
                show::context(checkpoint, CONTEXT);
            }
            let ids = tokenizer.prompt(&told);
            Ok(vec![
                first,
                one(args, &model, Some(tokenizer), Some(&told), ids)?,
            ])
        }
        _ => Ok(vec![first]),
    }
}

/// One prompt through all layers, shown on the way.
fn one(
    args: &Args,
    model: &Transformer,
    tokenizer: Option<&Tokenizer>,
    prompt: Option<&str>,
    ids: Vec<u32>,
) -> Result<Prediction> {
    if !args.json {
        show::tokens(prompt, &ids, tokenizer);
    }
    let mut walk = show::Walk::new(model, tokenizer, args.json, !args.no_lens);
    let prediction = predict(model, tokenizer, prompt, ids, args, &mut |site, tensor| {
        walk.see(site, tensor)
    })?;
    walk.finish();
    if !args.json {
        show::prediction(&prediction, tokenizer);
    }
    Ok(prediction)
}
