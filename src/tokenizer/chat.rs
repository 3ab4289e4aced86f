//! Conversations: how messages are written for a model that was trained to answer.

use super::Tokenizer;
use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// SmolLM2's template puts this first if a conversation does not begin with a system message.
const SMOLLM2_SYSTEM: &str = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who speaks: `system`, `user` or `assistant`.
    pub role: String,
    /// What is said. Text that looks like a special token stays plain text.
    pub content: String,
}

impl Message {
    /// `Message::new("user", "What is the answer?")`
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self { role: role.into(), content: content.into() }
    }
}

/// The two ways to write a conversation that this crate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChatFormat {
    /// `<|start_header_id|>role<|end_header_id|>\n\ncontent<|eot_id|>`, after one BOS.
    Llama3,
    /// `<|im_start|>role\ncontent<|im_end|>\n`, also known as ChatML.
    SmolLM2,
}

impl ChatFormat {
    /// The format whose special tokens are all there.
    pub(super) fn of_special_tokens(special: &BTreeMap<String, u32>) -> Option<Self> {
        let has = |names: &[&str]| names.iter().all(|&name| special.contains_key(name));
        if has(&["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]) {
            Some(Self::Llama3)
        } else if has(&["<|im_start|>", "<|im_end|>"]) {
            Some(Self::SmolLM2)
        } else {
            None
        }
    }

    /// Whether a chat template in a file writes this format.
    pub(super) fn is_in_template(self, template: &str) -> bool {
        template.contains(match self {
            Self::Llama3 => "<|start_header_id|>",
            Self::SmolLM2 => SMOLLM2_SYSTEM,
        })
    }
}

impl Tokenizer {
    /// A conversation as the model was trained to see it, with an open header for its answer.
    ///
    /// Llama 3: as `ChatFormat.encode_dialog_prompt` of meta-llama/llama3, so white space around a
    /// content is dropped. SmolLM2: as its chat template, with its default system message.
    ///
    /// # Errors
    /// No messages; a role of anything but ASCII letters, digits, `_` and `-`; a model whose chat
    /// format is not one of the two.
    pub fn chat(&self, messages: &[Message]) -> Result<Vec<u32>> {
        if messages.is_empty() {
            return Err(Error::Argument("a chat needs at least one message".into()));
        }
        for message in messages {
            check_role(&message.role)?;
        }
        match self.chat_format {
            Some(ChatFormat::Llama3) => self.llama3_chat(messages),
            Some(ChatFormat::SmolLM2) => self.smollm2_chat(messages),
            None => Err(Error::Tokenizer(format!(
                "{}: the chat format of this model is not known: write it out as text and use \
                 encode_with_special, or take an Instruct model of Llama 3 or SmolLM2",
                self.vocabulary.path.display()
            ))),
        }
    }

    fn llama3_chat(&self, messages: &[Message]) -> Result<Vec<u32>> {
        let mut ids: Vec<u32> = self.bos().into_iter().collect();
        for message in messages {
            self.llama3_header(&message.role, &mut ids)?;
            self.encode_into(strip(&message.content), &mut ids);
            ids.push(self.special_id("<|eot_id|>")?);
        }
        self.llama3_header("assistant", &mut ids)?;
        Ok(ids)
    }

    fn llama3_header(&self, role: &str, ids: &mut Vec<u32>) -> Result<()> {
        ids.push(self.special_id("<|start_header_id|>")?);
        self.encode_into(role, ids);
        ids.push(self.special_id("<|end_header_id|>")?);
        self.encode_into("\n\n", ids);
        Ok(())
    }

    fn smollm2_chat(&self, messages: &[Message]) -> Result<Vec<u32>> {
        let has_system = messages.first().is_some_and(|m| m.role == "system");
        let default = (!has_system).then(|| Message::new("system", SMOLLM2_SYSTEM));
        let mut ids = Vec::new();
        for message in default.iter().chain(messages) {
            ids.push(self.special_id("<|im_start|>")?);
            self.encode_into(&format!("{}\n{}", message.role, message.content), &mut ids);
            ids.push(self.special_id("<|im_end|>")?);
            self.encode_into("\n", &mut ids);
        }
        ids.push(self.special_id("<|im_start|>")?);
        self.encode_into("assistant\n", &mut ids);
        Ok(ids)
    }

    fn special_id(&self, name: &str) -> Result<u32> {
        let missing = || Error::Tokenizer(format!("this vocabulary has no special token {name}"));
        self.special(name).ok_or_else(missing)
    }
}

/// A role is written between special tokens, so it must not bring line ends or text of its own.
fn check_role(role: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !role.is_empty() && role.chars().all(plain) {
        return Ok(());
    }
    Err(Error::Argument(format!(
        "{role:?} is no role: expected system, user, assistant, or another word of ASCII letters, \
         digits, _ and -"
    )))
}

/// Python's `str.strip`, which also takes the four separators U+001C to U+001F for white space.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c))
}
