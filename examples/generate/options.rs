//! What can be asked for, and the model that comes of it.

use crate::pretty::tell_of_llama3;
use clap::Parser;
use llama3::prelude::*;
use llama3::sampling::{Sampler, Sampling};
use std::str::FromStr;

/// Continues a text, or answers a question, with a Llama model.
///
/// Stdout gets the text and nothing else; everything about it goes to stderr.
#[derive(Parser)]
#[command(
    name = "generate",
    allow_negative_numbers = true,
    after_help = "Ctrl-C ends the run in order: the line is finished, what was made and its speed \
                  are shown, the exit code is 130. A second Ctrl-C ends it at once. \
                  The exit code is 2 after an error, else 0."
)]
pub struct Args {
    /// What the model reads; - reads it from stdin, without its last line end
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub prompt: String,
    /// A model under weights/, the path of its directory or file, or another program's model:
    /// ollama:llama3, meta-llama/Llama-3.2-1B. Default: Llama 3 8B if it is in
    /// weights/Meta-Llama-3-8B, else SmolLM2-135M-Instruct, which is fetched once (98 MB).
    #[arg(long, value_name = "NAME|PATH", conflicts_with = "rehearse")]
    model: Option<String>,
    /// Random weights in the exact shapes of a released model, such as llama-3-8b or llama-3.2-1b
    #[arg(long, value_name = "NAME")]
    rehearse: Option<String>,
    /// Only the first layers of a rehearsal
    #[arg(long, value_name = "N", requires = "rehearse")]
    layers: Option<usize>,
    /// The RoPE scaling factor of a params.json that does not state it
    #[arg(long, value_name = "FACTOR")]
    rope_factor: Option<f64>,
    /// Give the prompt as a user's message to answer; the default for a model with a chat template
    /// or, where it has none, "Instruct" in its name
    #[arg(long, conflicts_with = "raw")]
    pub chat: bool,
    /// The system message before it; implies --chat
    #[arg(long, value_name = "TEXT", conflicts_with = "raw", allow_hyphen_values = true)]
    pub system: Option<String>,
    /// Continue the prompt as it is, whatever the model was trained for
    #[arg(long)]
    pub raw: bool,
    /// 0 always takes the likeliest token; less than 1 sharpens the probabilities, more flattens them
    #[arg(long, value_name = "T", default_value_t = 0.6)]
    temperature: f32,
    /// Draw from this many of the likeliest tokens; 0 for all
    #[arg(long, value_parser = number::<usize>, value_name = "K", default_value_t = 0)]
    top_k: usize,
    /// Draw from the fewest tokens whose probabilities together reach this; 1 for all
    #[arg(long, value_name = "P", default_value_t = 0.9)]
    top_p: f32,
    /// The same seed makes the same text
    #[arg(long, value_parser = number::<u64>, default_value_t = 42)]
    pub seed: u64,
    /// The most tokens to make, in each continuation
    #[arg(long, value_parser = number::<usize>, value_name = "N", default_value_t = 256)]
    pub max_tokens: usize,
    /// How many continuations to make at once, sharing every read of the weights. The first has the
    /// seed, the next the seed + 1 and so on. They are printed one after another, each below a line
    /// with its number and seed.
    #[arg(long, value_parser = number::<usize>, value_name = "N", default_value_t = 1)]
    pub batch: usize,
    /// Show where the time went, step by step
    #[arg(long)]
    pub profile: bool,
}

/// Other programs take -1 for "all" or "at random".
fn number<T: FromStr>(text: &str) -> std::result::Result<T, &'static str> {
    text.parse().map_err(|_| "expected a whole number, 0 or more")
}

/// Each continuation keeps a KV cache of its own.
const MOST_AT_ONCE: usize = 256;

impl Args {
    /// Refuses what makes no sense, before anything is read.
    pub fn check(&self) -> Result<()> {
        let argument = |message: String| Err(Error::Argument(message));
        if self.prompt.is_empty() {
            return argument("the prompt is empty: give the model something to read".into());
        }
        if self.max_tokens == 0 {
            return argument("max-tokens = 0: there would be no text; give 1 or more".into());
        }
        if !(1..=MOST_AT_ONCE).contains(&self.batch) {
            let batch = self.batch;
            return argument(format!("batch = {batch}: expected 1 to {MOST_AT_ONCE}"));
        }
        self.sampler(0).map(|_| ())
    }

    /// What chooses the tokens of one continuation.
    pub fn sampler(&self, index: usize) -> Result<Sampler> {
        Sampler::new(Sampling {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            seed: self.seed.wrapping_add(index as u64),
        })
    }

    /// The model that runs.
    pub fn open(&self) -> Result<Checkpoint> {
        let options = Options { rope_factor: self.rope_factor };
        match (&self.rehearse, self.layers, &self.model) {
            (Some(name), Some(layers), _) => Checkpoint::rehearsal(&format!("{name}:{layers}")),
            (Some(name), None, _) => Checkpoint::rehearsal(name),
            (None, _, Some(name)) => Checkpoint::open_named(name, &options),
            (None, _, None) => {
                tell_of_llama3("cargo run --release --example generate -- --prompt … --model");
                Checkpoint::open_named(&weights::default_model()?, &options)
            }
        }
    }
}
