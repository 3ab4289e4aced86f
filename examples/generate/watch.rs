//! What watches the model while it works: the profile, the progress bar, and Ctrl-C.

use indicatif::{ProgressBar, ProgressStyle};
use llama3::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A prompt that is read faster than this needs no progress bar.
const PATIENCE: Duration = Duration::from_millis(500);

pub struct Watch {
    pub profile: Profile,
    stopped: Arc<AtomicBool>,
    start: Instant,
    /// On a terminal only; counts tokens, each as often as there are layers.
    bar: ProgressBar,
    n_layers: u64,
    /// The tokens that are in the model, and those that have left it.
    inside: u64,
    done: u64,
}

impl Watch {
    pub fn new(stopped: &Arc<AtomicBool>, n_prompt: usize, n_layers: usize) -> Watch {
        let bar = ProgressBar::new((n_prompt * n_layers) as u64);
        let style = ProgressStyle::with_template("reading the prompt {bar:30} {percent:>3} %");
        bar.set_style(style.unwrap_or(ProgressStyle::default_bar()));
        Watch {
            profile: Profile::new(),
            stopped: stopped.clone(),
            start: Instant::now(),
            bar,
            n_layers: n_layers as u64,
            inside: 0,
            done: 0,
        }
    }

    /// The observer of all passes. After Ctrl-C it gives the pass up.
    pub fn see(&mut self, site: Site, x: &Tensor) -> Result<Option<Tensor>> {
        self.profile.see(site);
        match site {
            Site::Embedding => {
                self.done += self.inside;
                self.inside = x.dim(0)? as u64;
            }
            Site::Residual(layer) if self.start.elapsed() > PATIENCE => {
                let now = self.done * self.n_layers + self.inside * (layer as u64 + 1);
                self.bar.set_position(now);
            }
            _ => {}
        }
        if self.is_stopped() {
            Err(Error::Stopped)
        } else {
            Ok(None)
        }
    }

    /// From here on there is text to look at instead of a bar.
    pub fn prompt_is_read(&self) {
        self.bar.finish_and_clear();
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}
