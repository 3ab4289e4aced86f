//! Conversations: how messages are written for a model that was trained to answer.

use super::Tokenizer;
use super::template::Template;
use crate::error::{Error, Result};

/// Unicode calls it no character, so no text has a use for it; in a message it is left out.
pub(super) const MARK: char = '\u{fdd0}';

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

impl Tokenizer {
    /// A conversation as the model was trained to see it, with an open header for its answer.
    ///
    /// The chat template in the model's files says how. Meta's files have none: then it is Llama 3's
    /// way, `<|start_header_id|>role<|end_header_id|>\n\ncontent<|eot_id|>` after one BOS, with no
    /// white space around a content, as `ChatFormat.encode_dialog_prompt` of meta-llama/llama3.
    ///
    /// # Errors
    /// No messages; a role of anything but ASCII letters, digits, `_` and `-`; a template that cannot
    /// be rendered; neither a template nor Llama 3's special tokens.
    pub fn chat(&self, messages: &[Message]) -> Result<Vec<u32>> {
        if messages.is_empty() {
            return Err(Error::Argument("a chat needs at least one message".into()));
        }
        for message in messages {
            check_role(&message.role)?;
        }
        match &self.roles.template {
            Some(template) => self.chat_by(template, messages),
            None => self.llama3_chat(messages),
        }
    }

    /// The model's own chat template, if its files have one: then it was trained to answer.
    pub fn chat_template(&self) -> Option<&str> {
        let template = self.roles.template.as_ref();
        template.map(|template| template.source.as_str())
    }

    fn llama3_chat(&self, messages: &[Message]) -> Result<Vec<u32>> {
        let mut ids: Vec<u32> = self.bos().into_iter().collect();
        for message in messages {
            self.llama3_header(&message.role, &mut ids)?;
            ids.extend(self.encode(strip(&message.content)));
            ids.push(self.chat_token("<|eot_id|>")?);
        }
        self.llama3_header("assistant", &mut ids)?;
        Ok(ids)
    }

    fn llama3_header(&self, role: &str, ids: &mut Vec<u32>) -> Result<()> {
        ids.push(self.chat_token("<|start_header_id|>")?);
        ids.extend(self.encode(role));
        ids.push(self.chat_token("<|end_header_id|>")?);
        ids.extend(self.encode("\n\n"));
        Ok(())
    }

    fn chat_token(&self, name: &str) -> Result<u32> {
        self.special(name).ok_or_else(|| {
            let problem = format!("it has no chat template and no {name}: its chats are not known");
            let hint = "write the conversation out as text, and use encode_with_special; or take \
                        an Instruct model";
            Error::file(&self.vocabulary.path, problem, hint)
        })
    }

    /// The special tokens that the template writes count, and those in a message do not: a mark in
    /// their names hides them until the text is cut.
    fn chat_by(&self, template: &Template, messages: &[Message]) -> Result<Vec<u32>> {
        let added = self.vocabulary.added.iter();
        let special: Vec<&str> =
            (added.filter(|(_, added)| added.is_special)).map(|(name, _)| name.as_str()).collect();
        let hide = |message: &Message| {
            let mut content = message.content.clone();
            for name in &special {
                let first = name.chars().next().map_or(0, char::len_utf8);
                let (first, rest) = name.split_at(first);
                content = content.replace(name, &format!("{first}{MARK}{rest}"));
            }
            Message::new(&message.role, content)
        };
        let messages: Vec<Message> = messages.iter().map(hide).collect();
        let [bos, eos] = [self.roles.bos, self.roles.eos]
            .map(|id| id.map_or(String::new(), |id| self.token(id)));
        let mut ids = vec![];
        let text = template.render(&messages, [&bos, &eos])?;
        for (part, token) in self.cut(&text, &self.all_added) {
            self.merge_text(&part.replace(MARK, ""), &mut ids);
            ids.extend(token);
        }
        Ok(ids)
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
