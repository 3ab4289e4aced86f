//! Drawing tokens: a sampler remembers how to choose, and where its random numbers are.

use super::{Sampling, checked, greedy, likelier, probs, top_k, top_p};
use crate::error::{Error, Result};
use crate::matrix::random::SplitMix64;
use candle_core::Tensor;

/// Draws one token after another.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use llama3::sampling::{Sampler, Sampling};
/// let logits = Tensor::new(&[0f32, 0.0, f32::NEG_INFINITY], &Device::Cpu)?;
/// let how = Sampling { temperature: 1.0, ..Sampling::default() };
/// let (mut a, mut b) = (Sampler::new(how)?, Sampler::new(how)?);
/// for _ in 0..10 {
///     let id = a.next(&logits)?;
///     assert!(id < 2); // the third token has the probability 0
///     assert_eq!(id, b.next(&logits)?); // the same seed draws the same tokens
/// }
/// # Ok::<(), llama3::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sampler {
    sampling: Sampling,
    random: SplitMix64,
}

impl Sampler {
    /// A sampler at the beginning of its random numbers.
    ///
    /// # Errors
    /// A temperature that is negative or not finite; a top-p outside 0 < p ≤ 1.
    pub fn new(sampling: Sampling) -> Result<Self> {
        let Sampling { temperature, top_p, .. } = sampling;
        if !(temperature >= 0.0 && temperature.is_finite()) {
            return Err(Error::Argument(format!(
                "temperature = {temperature}: expected a finite number, 0 or more; 0 is greedy"
            )));
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return Err(Error::Argument(format!(
                "top_p = {top_p}: expected a number above 0 and at most 1; 1 keeps all tokens"
            )));
        }
        Ok(Self { sampling, random: SplitMix64(sampling.seed) })
    }

    /// The next token.
    ///
    /// # Shapes
    /// `logits [vocab] → id`
    ///
    /// # Errors
    /// As [`greedy`].
    pub fn next(&mut self, logits: &Tensor) -> Result<u32> {
        let Sampling { temperature, top_k: k, top_p: p, .. } = self.sampling;
        if temperature == 0.0 {
            return greedy(logits);
        }
        let logits = checked(logits)?;
        let mut probs = probs(&logits, temperature);
        prune(&mut probs, &logits, k, p);
        probs.sort_unstable_by(|a, b| likelier(&logits, a, b));
        if k > 0 {
            probs = top_k(probs, k);
        }
        Ok(draw(&top_p(probs, p), self.random.uniform()))
    }
}

/// The token at `u` (0 ≤ u < 1) if their probabilities are laid side by side.
fn draw(probs: &[(u32, f32)], u: f64) -> u32 {
    let mut sum = 0.0;
    let reaches = |&&(_, prob): &&(u32, f32)| {
        sum += f64::from(prob);
        sum > u
    };
    // Rounding may leave the sum a little below 1: the likeliest token takes what is left.
    let found = probs.iter().find(reaches).or(probs.first());
    found.map_or(0, |&(id, _)| id)
}

/// Drops tokens that top-k or top-p would cut anyway, so that few are left to sort.
fn prune(probs: &mut Vec<(u32, f32)>, logits: &[f32], k: usize, p: f32) {
    let n = probs.len();
    if k > 0 && k < n {
        probs.select_nth_unstable_by(k - 1, |a, b| likelier(logits, a, b));
        probs.truncate(k);
    } else if p < 1.0 {
        // All that are less likely than this add up to less than 1 − p: the others reach p without
        // them. Half of it, to be safe from rounding.
        let least = (1.0 - p) / n as f32 / 2.0;
        probs.retain(|&(_, prob)| prob >= least);
    }
}
