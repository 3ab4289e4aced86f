//! Long work talks on stderr: on a terminal a bar with an estimate, anywhere else a line every ten seconds.

use crate::pretty::note;
use indicatif::{ProgressBar, ProgressStyle};
use llama3::prelude::*;
use std::time::{Duration, Instant};

/// How long it may be silent where there is no terminal.
const SILENCE: Duration = Duration::from_secs(10);
/// How often a bar is drawn anew, so that it lives while nothing is finished.
const TICK: Duration = Duration::from_millis(200);

/// A bar, which goes when this is dropped.
pub struct Progress {
    bar: ProgressBar,
    start: Instant,
    spoken: Instant,
}

impl Progress {
    pub fn new(total: u64) -> Progress {
        let bar = ProgressBar::new(total);
        let style = ProgressStyle::with_template("{spinner} {bar:15} {wide_msg}");
        bar.set_style(style.unwrap_or(ProgressStyle::default_bar()));
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        let start = Instant::now();
        Progress { bar, start, spoken: start }
    }

    /// So much of the total is done; `words` say what.
    pub fn at(&mut self, done: u64, words: &str) {
        let now = Instant::now();
        if self.bar.is_hidden() {
            if self.must_speak(now) {
                note(&self.sentence(done, words, now));
            }
        } else {
            self.bar.set_position(done);
            self.bar.set_message(self.sentence(done, words, now));
        }
    }

    fn must_speak(&mut self, now: Instant) -> bool {
        let must = now.duration_since(self.spoken) >= SILENCE;
        if must {
            self.spoken = now;
        }
        must
    }

    /// What is done, and how long the rest takes if it goes on like this.
    fn sentence(&self, done: u64, words: &str, now: Instant) -> String {
        let taken = now.duration_since(self.start).as_secs_f64();
        let rest = self.bar.length().unwrap_or(0).saturating_sub(done);
        if done == 0 || taken < 1.0 {
            words.to_string()
        } else {
            let left = in_time(taken * rest as f64 / done as f64);
            format!("{words}, about {left} left")
        }
    }

    /// Does something that writes on the screen, without the bar in its way.
    pub fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }
}

fn in_time(seconds: f64) -> String {
    if seconds < 100.0 {
        format!("{seconds:.0} s")
    } else if seconds < 6000.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.0} h", seconds / 3600.0)
    }
}

/// Tokens on their way through the layers. What is done is counted in tokens, each as often as there are layers.
pub struct Passes {
    progress: Progress,
    /// Read or written.
    what_is_done: &'static str,
    n_tokens: String,
    n_layers: usize,
    /// The tokens that are in the model, and those that have left it.
    inside: usize,
    done: usize,
}

impl Passes {
    pub fn reading(n_tokens: usize, n_layers: usize) -> Passes {
        Passes::new("read", n_tokens, "", n_layers)
    }

    pub fn writing(n_tokens: usize, n_layers: usize) -> Passes {
        Passes::new("written", n_tokens, "at most ", n_layers)
    }

    fn new(what_is_done: &'static str, n_tokens: usize, most: &str, n_layers: usize) -> Passes {
        Passes {
            progress: Progress::new(n_tokens.saturating_mul(n_layers) as u64),
            what_is_done,
            n_tokens: format!("{most}{n_tokens}"),
            n_layers,
            inside: 0,
            done: 0,
        }
    }

    /// To be called by the observer of all passes.
    pub fn see(&mut self, site: Site, x: &Tensor) -> Result<()> {
        match site {
            Site::Embedding => {
                self.done += self.inside;
                self.inside = x.dim(0)?;
                self.at(0);
            }
            Site::Residual(layer) => self.at(layer + 1),
            _ => {}
        }
        Ok(())
    }

    fn at(&mut self, layer: usize) {
        let (done, n_layers) = (self.done, self.n_layers);
        let words = format!(
            "{} {done} of {} tokens, layer {layer}/{n_layers}",
            self.what_is_done, self.n_tokens
        );
        let position = done * n_layers + self.inside * layer;
        self.progress.at(position as u64, &words);
    }

    /// How many tokens have left the model, and how many are in it.
    pub fn tokens(&self) -> (usize, usize) {
        (self.done, self.inside)
    }

    /// As [`Progress::aside`].
    pub fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.progress.aside(write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_terminal_it_speaks_every_ten_seconds() {
        let mut progress = Progress::new(100);
        let start = progress.start;
        let spoken = |seconds: &u64| progress.must_speak(start + Duration::from_secs(*seconds));
        let spoken: Vec<u64> = (0..35).filter(spoken).collect();
        assert_eq!(spoken, [10, 20, 30]);
    }

    #[test]
    fn the_rest_is_estimated_from_what_is_done() {
        let progress = Progress::new(300);
        let after = |done, seconds| {
            let now = progress.start + Duration::from_secs(seconds);
            progress.sentence(done, "some", now)
        };
        assert_eq!(after(100, 0), "some");
        assert_eq!(after(0, 9), "some");
        assert_eq!(after(100, 10), "some, about 20 s left");
        assert_eq!(after(100, 90), "some, about 3 min left");
        assert_eq!(after(1, 60), "some, about 5 h left");
        assert_eq!(after(300, 60), "some, about 0 s left");
    }

    #[test]
    fn tokens_are_done_when_they_leave_the_model() {
        let mut passes = Passes::reading(5, 2);
        let piece = |n| Tensor::zeros((n, 4), candle_core::DType::F32, &candle_core::Device::Cpu);
        let (first, second) = (piece(3).unwrap(), piece(2).unwrap());
        let mut position = |site, x: &Tensor| {
            passes.see(site, x).unwrap();
            passes.tokens()
        };
        assert_eq!(position(Site::Embedding, &first), (0, 3));
        assert_eq!(position(Site::Residual(1), &first), (0, 3));
        assert_eq!(position(Site::Embedding, &second), (3, 2));
    }
}
