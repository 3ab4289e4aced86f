//! A model's own chat template: a text in the language Jinja, rendered as transformers does.
//!
//! Source: `apply_chat_template` in huggingface/transformers.

use super::chat::{MARK, Message};
use crate::error::{Error, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, Value, context};
use minijinja_contrib::pycompat::unknown_method_callback;
use std::path::PathBuf;

/// Steps that a template may take, which also bounds its memory. Usual ones take some hundreds.
const FUEL: u64 = 1 << 20;

/// A template and where it stands.
pub(super) struct Template {
    pub path: PathBuf,
    pub source: String,
}

impl Template {
    /// A conversation with an open header for its answer. `tokens` are `bos_token` and `eos_token`.
    pub fn render(&self, messages: &[Message], tokens: [&str; 2]) -> Result<String> {
        let text = self.render_as_is(messages, tokens).map_err(|e| {
            let problem = format!("its chat template cannot be rendered: {e}");
            let hint = "write the conversation out as text, and use encode_with_special";
            Error::file(&self.path, problem, hint)
        })?;
        if self.source.contains("add_generation_prompt") {
            return Ok(text);
        }
        // It does not ask whether a header is wanted: what stands before an answer is the header.
        let answer = Message::new("assistant", MARK);
        let answered = self.render_as_is(&[messages, &[answer]].concat(), tokens);
        match answered.unwrap_or_default().split_once(MARK) {
            Some((open, _)) if open.starts_with(&text) => Ok(open.to_string()),
            _ => Ok(text),
        }
    }

    fn render_as_is(
        &self,
        messages: &[Message],
        [bos_token, eos_token]: [&str; 2],
    ) -> std::result::Result<String, minijinja::Error> {
        let message = |message: &Message| {
            context! { role => message.role.as_str(), content => message.content.as_str() }
        };
        let messages: Vec<Value> = messages.iter().map(message).collect();
        let context = context! {
            messages, bos_token, eos_token,
            add_generation_prompt => true, tools => (), documents => (),
        };
        // Whatever ends a line in it, Jinja takes for "\n".
        let source = self.source.replace("\r\n", "\n").replace('\r', "\n");
        environment()?.render_str(&source, context)
    }
}

/// What transformers offers to a template. There is no clock: a template that can do without has a
/// date of its own, so that equal messages give equal tokens.
fn environment() -> std::result::Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_fuel(Some(FUEL));
    environment.set_unknown_method_callback(unknown_method_callback);
    environment.add_function("raise_exception", |why: String| {
        Err::<Value, _>(minijinja::Error::new(ErrorKind::InvalidOperation, why))
    });
    Ok(environment)
}
