//! The run itself: the prompt in one pass, then a few more tokens with the KV cache.

use crate::Session;
use crate::pretty::note;
use llama3::prelude::*;
use llama3::sampling::Candidate;

/// How many positions get their logits at once: for 128,256 tokens, 33 MB of them.
const AT_ONCE: usize = 64;

/// What came of one prompt.
pub struct Prediction {
    /// The text, unless token ids were given.
    pub prompt: Option<String>,
    pub tokens: Vec<u32>,
    /// The most probable next tokens, best first.
    pub top: Vec<Candidate>,
    /// The best next token after every prompt position.
    pub argmax: Vec<u32>,
    /// The greedy continuation.
    pub greedy: Vec<u32>,
    /// The number or word that the continuation begins with.
    pub answer: String,
}

pub fn predict(
    session: &Session,
    prompt: Option<&str>,
    tokens: Vec<u32>,
    observer: &mut Observer,
) -> Result<Prediction> {
    let (model, args) = (&session.model, &session.args);
    let mut cache = model.new_cache();
    let mut argmax = vec![];
    let mut rows = vec![];
    for piece in tokens.chunks(AT_ONCE) {
        let logits = model.forward(piece, &mut cache, observer)?; // [T, vocab_size]
        rows = (0..piece.len())
            .map(|t| logits.get(t))
            .collect::<std::result::Result<_, _>>()?;
        for row in &rows {
            argmax.push(sampling::greedy(row)?);
        }
    }
    let mut logits = rows
        .pop()
        .ok_or(Error::Argument("the prompt is empty".into()))?;
    let top = sampling::top(&logits, args.top)?;
    let mut greedy = vec![];
    while greedy.len() < args.steps {
        let next = sampling::greedy(&logits)?;
        greedy.push(next);
        if cache.len() == model.config.max_seq_len && greedy.len() < args.steps {
            let most = model.config.max_seq_len;
            note(&format!(
                "The context of {most} tokens is full: the text ends here."
            ));
            break;
        }
        if greedy.len() < args.steps {
            logits = model.next_logits(&[next], &mut cache, &mut unobserved)?;
        }
    }
    Ok(Prediction {
        prompt: prompt.map(str::to_string),
        answer: answer(&greedy, &top, session.tokenizer.as_ref()),
        tokens,
        top,
        argmax,
        greedy,
    })
}

/// The number or word at the beginning of the continuation, or the next token where there is none.
fn answer(greedy: &[u32], top: &[Candidate], tokenizer: Option<&Tokenizer>) -> String {
    let next: Vec<u32> = top.iter().take(1).map(|candidate| candidate.id).collect();
    let ids = if greedy.is_empty() { &next } else { greedy };
    let Some(text) = tokenizer.and_then(|tokenizer| tokenizer.decode(ids).ok()) else {
        return format!("{}", next.first().copied().unwrap_or_default());
    };
    let text = text.trim();
    let word: String = text.chars().take_while(|c| c.is_alphanumeric()).collect();
    if word.is_empty() {
        text.to_string()
    } else {
        word
    }
}
