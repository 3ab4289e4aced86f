//! The run itself: the prompt in one pass, then a few more tokens with the KV cache.

use crate::Args;
use llama3::prelude::*;
use llama3::sampling::Candidate;

/// How many positions get their logits at once; more would only take more memory.
const PIECE: usize = 64;

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
    model: &Transformer,
    tokenizer: Option<&Tokenizer>,
    prompt: Option<&str>,
    tokens: Vec<u32>,
    args: &Args,
    observer: &mut Observer,
) -> Result<Prediction> {
    let mut cache = model.new_cache();
    let mut argmax = vec![];
    let mut last = None;
    for piece in tokens.chunks(PIECE) {
        let logits = model.forward(piece, &mut cache, observer)?; // [T, vocab_size]
        for position in 0..piece.len() {
            argmax.push(sampling::greedy(&logits.get(position)?)?);
        }
        last = Some(logits.get(piece.len() - 1)?);
    }
    let Some(mut logits) = last else {
        return Err(Error::Argument(
            "the prompt is empty: give it at least one token".into(),
        ));
    };
    let top = sampling::top(&logits, args.top)?;
    let mut greedy = vec![];
    while greedy.len() < args.steps {
        let next = sampling::greedy(&logits)?;
        greedy.push(next);
        if greedy.len() < args.steps {
            logits = model.next_logits(&[next], &mut cache, &mut unobserved)?;
        }
    }
    Ok(Prediction {
        prompt: prompt.map(str::to_string),
        answer: answer(&greedy, &top, tokenizer),
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
