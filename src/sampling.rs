//! Which token comes next: from logits to one id.
//!
//! Greedy takes the highest logit. Otherwise the logits become probabilities,
//! pᵢ = exp(xᵢ / temperature) / Σⱼ exp(xⱼ / temperature), top-k and top-p cut the list short, and
//! one token is drawn from what is left. Each step is a function that a notebook can call alone.
//!
//! Source: Holtzman et al. 2020, <https://arxiv.org/abs/1904.09751>, for top-p; `sample_top_p` in
//! `llama/generation.py` of meta-llama/llama3.

mod sampler;

pub use sampler::Sampler;

use crate::error::{Error, Result};
use candle_core::{DType, Tensor};
use std::cmp::Ordering;

/// How to choose the next token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0 always takes the likeliest token; 1 draws with the model's own probabilities; less than 1
    /// sharpens them, more than 1 flattens them.
    pub temperature: f32,
    /// How many of the likeliest tokens may be drawn; 0 for all.
    pub top_k: usize,
    /// Draw from the fewest tokens whose probabilities together reach this; 1 for all.
    pub top_p: f32,
    /// The same seed draws the same tokens from the same logits.
    pub seed: u64,
}

/// Greedy.
impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, top_k: 0, top_p: 1.0, seed: 42 }
    }
}

/// One token that might come next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The token.
    pub id: u32,
    /// What the model gave it.
    pub logit: f32,
    /// Between 0 and 1, at temperature 1, over the whole vocabulary.
    pub prob: f32,
}

/// The `k` likeliest tokens, or the whole vocabulary for k = 0; equal logits by id.
///
/// # Shapes
/// `logits [vocab] → k candidates`
///
/// ```
/// use candle_core::{Device, Tensor};
/// let logits = Tensor::new(&[0f32, 2f32.ln(), 0.0], &Device::Cpu)?;
/// let top = llama3::sampling::top(&logits, 2)?;
/// assert_eq!((top[0].id, top[1].id), (1, 0));
/// assert!((top[0].prob - 0.5).abs() < 1e-6);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// As [`greedy`].
pub fn top(logits: &Tensor, k: usize) -> Result<Vec<Candidate>> {
    let logits = checked(logits)?;
    let probs = sorted_probs(&logits, 1.0);
    let k = if k == 0 { probs.len() } else { k };
    let candidates = probs.into_iter().take(k).map(|(id, prob)| Candidate {
        id,
        logit: logits[id as usize],
        prob,
    });
    Ok(candidates.collect())
}

/// The id with the highest logit, the lowest of them if there are several.
///
/// # Shapes
/// `logits [vocab] → id`
///
/// ```
/// use candle_core::{Device, Tensor};
/// let logits = Tensor::new(&[0.1f32, 0.7, 0.2], &Device::Cpu)?;
/// assert_eq!(llama3::sampling::greedy(&logits)?, 1);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// Logits that are not `[vocab]` or empty; a NaN or +∞ among them; nothing but −∞.
pub fn greedy(logits: &Tensor) -> Result<u32> {
    Ok(highest(&checked(logits)?))
}

/// The probability of every token as `(id, probability)`, the likeliest first.
///
/// # Shapes
/// `logits [vocab] → vocab pairs`
///
/// At half the temperature, twice as probable becomes four times:
///
/// ```
/// use candle_core::{Device, Tensor};
/// let logits = Tensor::new(&[0f32, 2f32.ln()], &Device::Cpu)?;
/// let probs = llama3::sampling::softmax_with_temperature(&logits, 0.5)?;
/// assert_eq!(probs[0].0, 1);
/// assert!((probs[0].1 - 0.8).abs() < 1e-6 && (probs[1].1 - 0.2).abs() < 1e-6);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// As [`greedy`]; a temperature that is not above 0 and finite.
pub fn softmax_with_temperature(logits: &Tensor, temperature: f32) -> Result<Vec<(u32, f32)>> {
    if !(temperature > 0.0 && temperature.is_finite()) {
        return Err(Error::Argument(format!(
            "temperature = {temperature}: softmax needs a finite number above 0; for 0 use greedy"
        )));
    }
    Ok(sorted_probs(&checked(logits)?, temperature))
}

/// The `k` likeliest of a list sorted by probability, scaled to sum to 1 again; k = 0 keeps all.
///
/// ```
/// let kept = llama3::sampling::top_k(vec![(7, 0.5), (3, 0.25), (9, 0.25)], 2);
/// assert_eq!(kept, [(7, 2.0 / 3.0), (3, 1.0 / 3.0)]);
/// ```
pub fn top_k(mut probs: Vec<(u32, f32)>, k: usize) -> Vec<(u32, f32)> {
    if k > 0 {
        probs.truncate(k);
    }
    normalized(probs)
}

/// The fewest of a list sorted by probability that together reach `p`, but at least one, scaled to
/// sum to 1 again; p = 1 keeps all.
///
/// ```
/// let kept = llama3::sampling::top_p(vec![(7, 0.5), (3, 0.25), (9, 0.25)], 0.75);
/// assert_eq!(kept, [(7, 2.0 / 3.0), (3, 1.0 / 3.0)]);
/// ```
pub fn top_p(mut probs: Vec<(u32, f32)>, p: f32) -> Vec<(u32, f32)> {
    if p < 1.0 {
        let mut sum = 0.0;
        let reaches = |&(_, prob): &(u32, f32)| {
            sum += f64::from(prob);
            sum >= f64::from(p)
        };
        if let Some(last) = probs.iter().position(reaches) {
            probs.truncate(last + 1);
        }
    }
    normalized(probs)
}

fn sorted_probs(logits: &[f32], temperature: f32) -> Vec<(u32, f32)> {
    let mut probs = probs(logits, temperature);
    probs.sort_unstable_by(|a, b| likelier(logits, a, b));
    probs
}

/// In f64, because a vocabulary of 128,256 small probabilities loses digits in f32.
fn probs(logits: &[f32], temperature: f32) -> Vec<(u32, f32)> {
    let max = logits[highest(logits) as usize];
    // Less the maximum, which changes nothing and keeps exp from overflowing.
    let exp = |&x: &f32| ((f64::from(x) - f64::from(max)) / f64::from(temperature)).exp();
    let exps: Vec<f64> = logits.iter().map(exp).collect();
    let sum: f64 = exps.iter().sum();
    (0..).zip(&exps).map(|(id, exp)| (id, (exp / sum) as f32)).collect()
}

/// The order of [`top`]: by logit, since different logits may round to the same probability.
///
/// Rust: floats have no order of their own, because of NaN; `total_cmp` gives them one.
fn likelier(logits: &[f32], a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    let logit = |pair: &(u32, f32)| logits[pair.0 as usize];
    logit(b).total_cmp(&logit(a)).then(a.0.cmp(&b.0))
}

fn normalized(mut probs: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    let sum: f64 = probs.iter().map(|&(_, prob)| f64::from(prob)).sum();
    for (_, prob) in &mut probs {
        *prob = (f64::from(*prob) / sum) as f32;
    }
    probs
}

fn highest(logits: &[f32]) -> u32 {
    let best = |a: (u32, f32), b: (u32, f32)| if b.1 > a.1 { b } else { a };
    let pairs = (0..).zip(logits.iter().copied());
    pairs.reduce(best).map_or(0, |(id, _)| id)
}

/// The logits as f32, of which at least one is finite and none is NaN or +∞.
fn checked(logits: &Tensor) -> Result<Vec<f32>> {
    if logits.rank() != 1 || logits.elem_count() == 0 {
        let hint = "take one position, such as logits.get(n_tokens - 1)";
        return Err(Error::shape("logits", "[vocab]", logits.dims(), hint));
    }
    let logits = logits.to_dtype(DType::F32)?.to_vec1::<f32>()?;
    let broken = |x: &f32| x.is_nan() || *x == f32::INFINITY;
    if let Some(id) = logits.iter().position(broken) {
        let x = logits[id];
        return Err(Error::Argument(format!(
            "the logit of token {id} is {x}: a weight or an activation before it is broken"
        )));
    }
    if logits.iter().all(|x| *x == f32::NEG_INFINITY) {
        return Err(Error::Argument("every logit is -inf: no token is left".into()));
    }
    // -0 becomes 0: they are equal, but the sort would tell them apart.
    Ok(logits.into_iter().map(|x| x + 0.0).collect())
}

#[cfg(test)]
mod tests;
