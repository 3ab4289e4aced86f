//! What watches the model while it works: the profile, the progress, and Ctrl-C.

use crate::progress::Passes;
use llama3::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Watch {
    pub profile: Profile,
    /// Nothing where the text itself shows how far it is.
    pub passes: Option<Passes>,
    stopped: Arc<AtomicBool>,
}

impl Watch {
    pub fn new(stopped: &Arc<AtomicBool>, n_prompt: usize, n_layers: usize) -> Watch {
        Watch {
            profile: Profile::new(),
            passes: Some(Passes::reading(n_prompt, n_layers)),
            stopped: stopped.clone(),
        }
    }

    /// The observer of all passes. After Ctrl-C it gives the pass up.
    pub fn see(&mut self, site: Site, x: &Tensor) -> Result<Option<Tensor>> {
        self.profile.see(site);
        if let Some(passes) = &mut self.passes {
            passes.see(site, x)?;
        }
        if self.is_stopped() { Err(Error::Stopped) } else { Ok(None) }
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}
