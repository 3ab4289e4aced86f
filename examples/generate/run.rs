//! The run: the prompt once, then passes in which every unfinished text gets its next token.

use crate::options::Args;
use crate::pretty;
use crate::printout::Printout;
use crate::progress::Passes;
use crate::watch::Watch;
use llama3::prelude::*;
use llama3::sampling::Sampler;

/// Continuations in the making.
pub struct Run<'a> {
    pub model: &'a Transformer,
    pub args: &'a Args,
    /// The tokens that end a text.
    pub stop_tokens: &'a [u32],
    pub watch: Watch,
    pub printout: Printout,
    /// Empty until the prompt is read.
    pub texts: Vec<Continuation>,
}

/// One continuation of the prompt.
pub struct Continuation {
    /// Why it is over; `None` while it goes on, or when it was stopped.
    pub end: Option<End>,
    /// How many tokens were chosen, the one that ends the text among them.
    pub n_tokens: usize,
    /// The token that the model has not read yet.
    last: [u32; 1],
    cache: KvCache,
    sampler: Sampler,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The model said so, by a token that is not shown.
    Complete,
    /// As many tokens as were asked for.
    MaxTokens,
    /// As many tokens as the model was made for.
    ContextFull,
}

impl Run<'_> {
    /// Makes all texts, or what there is of them when the run is stopped.
    pub fn go(&mut self, prompt: &[u32]) -> Result<()> {
        let result = self.all(prompt);
        self.watch.passes = None;
        pretty::write(&self.printout.finish())?;
        match result {
            Err(Error::Stopped) => Ok(()),
            result => result,
        }
    }

    fn all(&mut self, prompt: &[u32]) -> Result<()> {
        self.watch.profile.phase("prefill");
        self.prefill(prompt)?;
        self.watch.profile.phase("decode");
        if !pretty::is_read_along() {
            self.watch.passes = Some(self.writing(prompt.len()));
        }
        while self.texts.iter().any(|text| text.end.is_none()) {
            self.decode()?;
        }
        Ok(())
    }

    /// The progress of text that nobody sees as it grows.
    fn writing(&self, n_prompt: usize) -> Passes {
        let config = &self.model.config;
        let room = config.max_seq_len - n_prompt + 1;
        let n_tokens = self.args.max_tokens.min(room) * self.args.batch;
        Passes::writing(n_tokens, config.n_layers)
    }

    /// Reads the prompt, and gives every text its first token.
    fn prefill(&mut self, prompt: &[u32]) -> Result<()> {
        let mut cache = self.model.new_cache();
        let mut observer = |site, x: &Tensor| self.watch.see(site, x);
        let logits = self.model.next_logits(prompt, &mut cache, &mut observer); // [vocab_size]
        self.watch.passes = None;
        let logits = logits?;
        self.texts = self.forks(cache)?;
        (0..self.texts.len()).try_for_each(|index| self.write(index, &logits))
    }

    /// One text for each continuation, all with the prompt in their cache.
    fn forks(&mut self, cache: KvCache) -> Result<Vec<Continuation>> {
        let mut caches = vec![];
        for _ in 1..self.args.batch {
            caches.push(cache.fork()?);
            self.watch.profile.step(&["cache copies"]);
        }
        caches.push(cache);
        let text = |(index, cache)| {
            Ok(Continuation {
                end: None,
                n_tokens: 0,
                last: [0],
                cache,
                sampler: self.args.sampler(index)?,
            })
        };
        caches.into_iter().enumerate().map(text).collect()
    }

    /// One pass: all texts that go on share every read of the weights.
    fn decode(&mut self) -> Result<()> {
        let texts = self.texts.iter_mut().enumerate();
        let (going, mut batch): (Vec<usize>, Vec<Sequence>) = texts
            .filter(|(_, text)| text.end.is_none())
            .map(|(index, Continuation { last, cache, .. })| (index, Sequence { ids: last, cache }))
            .unzip();
        let mut observer = |site, x: &Tensor| self.watch.see(site, x);
        let logits = self.model.next_logits_batch(&mut batch, &mut observer)?; // [N, vocab_size]
        for (row, index) in going.into_iter().enumerate() {
            self.write(index, &logits.get(row)?)?;
        }
        Ok(())
    }

    /// Chooses the next token of a text, and shows it.
    fn write(&mut self, index: usize, logits: &Tensor) -> Result<()> {
        let text = &mut self.texts[index];
        let next = text.sampler.next(logits)?;
        text.last = [next];
        text.n_tokens += 1;
        text.end = if self.stop_tokens.contains(&next) {
            Some(End::Complete)
        } else if text.n_tokens >= self.args.max_tokens {
            Some(End::MaxTokens)
        } else if text.cache.len() >= self.model.config.max_seq_len {
            Some(End::ContextFull)
        } else {
            None
        };
        self.watch.profile.step(&["sampling"]);
        if text.end != Some(End::Complete) {
            pretty::write(&self.printout.add(index, next))?;
        }
        if text.end.is_some() {
            pretty::write(&self.printout.end(index))?;
        }
        self.watch.profile.step(&["text"]);
        Ok(())
    }
}
