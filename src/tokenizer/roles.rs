//! The jobs of tokens: what is put around a text, and what ends an answer.

use super::template::Template;
use super::vocabulary::Vocabulary;

/// Special tokens that end an answer, in the models this crate reads.
const STOP_TOKENS: [&str; 5] =
    ["<|end_of_text|>", "<|eom_id|>", "<|eot_id|>", "<|im_end|>", "<|endoftext|>"];

/// Which tokens have which job.
#[derive(Default)]
pub(super) struct Roles {
    /// What chat templates call `bos_token`, whether or not it begins a text.
    pub bos: Option<u32>,
    /// What they call `eos_token`.
    pub eos: Option<u32>,
    /// What stands before a text.
    pub before: Vec<u32>,
    /// What stands behind it.
    pub behind: Vec<u32>,
    /// After one of these an answer is over.
    pub stop: Vec<u32>,
    /// How a conversation is written.
    pub template: Option<Template>,
}

impl Roles {
    /// What the tokens' names say; a file that says more overrides it.
    pub fn of_names(vocabulary: &Vocabulary) -> Self {
        let bos = vocabulary.id("<|begin_of_text|>");
        let stop = STOP_TOKENS.iter();
        Self {
            bos,
            before: bos.into_iter().collect(),
            stop: stop.filter_map(|name| vocabulary.id(name)).collect(),
            ..Self::default()
        }
    }

    /// These end an answer too.
    pub fn stop_at(&mut self, ids: impl IntoIterator<Item = u32>) {
        for id in ids {
            if !self.stop.contains(&id) {
                self.stop.push(id);
            }
        }
    }

    /// Obeys `add_bos_token` and `add_eos_token`. The error is the key for which there is no token.
    pub fn put_around(
        &mut self,
        add_bos: Option<bool>,
        add_eos: Option<bool>,
    ) -> Result<(), &'static str> {
        for (key, add, token, place) in [
            ("add_bos_token", add_bos, self.bos, &mut self.before),
            ("add_eos_token", add_eos, self.eos, &mut self.behind),
        ] {
            match add {
                None => {}
                Some(false) => place.clear(),
                Some(true) => *place = vec![token.ok_or(key)?],
            }
        }
        Ok(())
    }
}
