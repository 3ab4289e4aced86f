//! The way through the layers: shapes, and what the model would say if it ended here (the logit lens).

use crate::Session;
use crate::progress::Passes;
use llama3::prelude::*;

pub struct Walk<'a> {
    session: &'a Session,
    n_tokens: usize,
    passes: Passes,
}

impl<'a> Walk<'a> {
    pub fn new(session: &'a Session, n_tokens: usize) -> Walk<'a> {
        let passes = Passes::reading(n_tokens, session.model.config.n_layers);
        Walk { session, n_tokens, passes }
    }

    /// The observer of all passes: it changes nothing. Of a long prompt, which goes through the layers
    /// piece by piece, it shows the last.
    pub fn see(&mut self, site: Site, x: &Tensor) -> Result<Option<Tensor>> {
        self.passes.see(site, x)?;
        let (done, inside) = self.passes.tokens();
        if self.session.screen.quiet || done + inside < self.n_tokens {
            return Ok(None);
        }
        if site == Site::Embedding && done > 0 {
            self.line(&format!(
                "         the last {inside} tokens, after the {done} before them:"
            ))?;
        }
        if let Some(step) = step_of_block_0(site) {
            self.line(&format!("         {step:<44} {:?}", x.dims()))?;
        }
        if let Site::Residual(layer) = site
            && !self.session.args.no_lens
        {
            self.guess(layer, x)?;
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
        let (percent, layer, n_layers) = (best.prob * 100.0, layer + 1, model.config.n_layers);
        self.line(&format!("layer {layer:>2}/{n_layers} best guess {text} ({percent:.0} %)"))
    }

    fn line(&self, text: &str) -> Result<()> {
        self.passes.aside(|| self.session.screen.line(text))
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
