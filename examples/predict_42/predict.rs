//! The run itself: the prompt in one pass, then a few more tokens with the KV cache.

use crate::Session;
use crate::pretty::note;
use crate::progress::Passes;
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

/// Reads the prompt, then goes on by itself. The observer sees the prompt on its way.
pub fn predict(
    session: &Session,
    prompt: Option<&str>,
    tokens: Vec<u32>,
    observer: &mut Observer,
) -> Result<Prediction> {
    let (model, args) = (&session.model, &session.args);
    let steps = steps(args.steps, tokens.len(), model.config.max_seq_len);
    let mut cache = model.new_cache();
    let (argmax, logits) = read(model, &tokens, &mut cache, observer)?;
    let top = sampling::top(&logits, args.top)?;
    let greedy = go_on(model, logits, &mut cache, steps)?;
    Ok(Prediction {
        prompt: prompt.map(str::to_string),
        answer: answer(&greedy, &top, session.tokenizer.as_ref()),
        tokens,
        top,
        argmax,
        greedy,
    })
}

/// As many steps as were asked for and as fit. The model need not read the last token.
fn steps(asked: usize, n_prompt: usize, max_seq_len: usize) -> usize {
    let room = max_seq_len - n_prompt + 1;
    if asked > room {
        note(&format!(
            "--steps {asked}: after {n_prompt} tokens, the context of {max_seq_len} has room for {room}, so it ends there"
        ));
    }
    asked.min(room)
}

/// The best next token after every position, and the logits after the last.
fn read(
    model: &Transformer,
    tokens: &[u32],
    cache: &mut KvCache,
    observer: &mut Observer,
) -> Result<(Vec<u32>, Tensor)> {
    let mut argmax = vec![];
    let mut last = Err(Error::Argument("the prompt is empty".into()));
    for piece in tokens.chunks(AT_ONCE) {
        let logits = model.forward(piece, cache, observer)?; // [T, vocab_size]
        for t in 0..piece.len() {
            let row = logits.get(t)?;
            argmax.push(sampling::greedy(&row)?);
            last = Ok(row);
        }
    }
    Ok((argmax, last?))
}

/// The most probable token, again and again.
fn go_on(
    model: &Transformer,
    mut logits: Tensor,
    cache: &mut KvCache,
    steps: usize,
) -> Result<Vec<u32>> {
    let mut passes = Passes::writing(steps, model.config.n_layers);
    let mut observer = |site, x: &Tensor| passes.see(site, x).map(|()| None);
    let mut greedy = vec![];
    while greedy.len() < steps {
        let next = sampling::greedy(&logits)?;
        greedy.push(next);
        if greedy.len() < steps {
            logits = model.next_logits(&[next], cache, &mut observer)?;
        }
    }
    Ok(greedy)
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
    if word.is_empty() { text.to_string() } else { word }
}
