//! The way through the layers: shapes, and what the model would say if it ended here (the logit lens).

use crate::Session;
use indicatif::{ProgressBar, ProgressStyle};
use llama3::prelude::*;

pub struct Walk<'a> {
    session: &'a Session,
    bar: ProgressBar,
}

impl<'a> Walk<'a> {
    pub fn new(session: &'a Session) -> Walk<'a> {
        let bar = if session.screen.quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(session.model.config.n_layers as u64)
        };
        let style = ProgressStyle::with_template("layer {pos:>2}/{len} {bar:30} {msg}");
        bar.set_style(style.unwrap_or(ProgressStyle::default_bar()));
        Walk { session, bar }
    }

    /// The observer of the pass: it changes nothing.
    pub fn see(&mut self, site: Site, x: &Tensor) -> Result<Option<Tensor>> {
        if let Some(step) = step_of_block_0(site) {
            self.line(&format!("         {step:<44} {:?}", x.dims()))?;
        }
        if let Site::Residual(layer) = site {
            self.bar.set_position(layer as u64 + 1);
            if !self.session.screen.quiet && !self.session.args.no_lens {
                self.guess(layer, x)?;
            }
        }
        Ok(None)
    }

    /// What the stream after this layer predicts for the last position.
    fn guess(&self, layer: usize, x: &Tensor) -> Result<()> {
        let model = &self.session.model;
        let logits = model.logits(&x.narrow(0, x.dim(0)? - 1, 1)?)?;
        let Some(best) = sampling::top(&logits.get(0)?, 1)?.into_iter().next() else {
            return Ok(());
        };
        let text = self.session.text(best.id).unwrap_or(best.id.to_string());
        let guess = format!("best guess {text} ({:.0} %)", best.prob * 100.0);
        self.bar.set_message(guess.clone());
        if self.bar.is_hidden() {
            let (layer, n_layers) = (layer + 1, model.config.n_layers);
            self.session
                .screen
                .line(&format!("layer {layer:>2}/{n_layers} {guess}"))?;
        }
        Ok(())
    }

    /// A line above the bar, or on stdout where there is no terminal.
    fn line(&self, text: &str) -> Result<()> {
        if self.bar.is_hidden() {
            return self.session.screen.line(text);
        }
        self.bar.println(text);
        Ok(())
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
