//! Does a model do what others saw it do? The walk of the book, held against their values step by
//! step, up to the first that differs.
//!
//! For Llama 3 8B these are numbers that public notebooks printed, in f32 or bf16, with the weights
//! that Meta released; for SmolLM2-135M-Instruct, what another program computed in f64 from the same
//! file, and what Meta's code and transformers say of it. The tables stand beside this file.
//!
//! # How much may differ
//!
//! A step agrees if ‖found − expected‖ ≤ (g · ε + r) · ‖expected‖ over all numbers given for it.
//!
//! ε is the rounding of the weights. A block of 32 of them spans about 4.4 standard deviations
//! σ. In b bits that makes steps of 4.4 σ / 2ᵇ, and rounding to steps of size s is off by s / √12 on
//! average: ε = 1.3 · 2⁻ᵇ of σ. Quantising normal numbers gives as much: 0.0054 in Q8_0 (the formula:
//! 0.0051), 0.043 in Q5_0 (0.041), 0.086 in Q4_0 (0.081). Weights of 16 bits and more are taken as
//! they were published, and so are files of exactly the size that the values were computed from: what
//! is left is f32 arithmetic in another order, for which b = 15 leaves room (ε = 0.00004).
//!
//! g is how far that rounding moves a step. Every y = W x is off by ε once more, and errors of
//! different matrices add up as squares. Measured with SmolLM2-135M on nine prompts, its weights
//! rounded to Q8_0, Q5_0 and Q4_0, in multiples of ε: the steps of layer 0 at most 5.3, the residual
//! stream after it at most 14 (half of the cases below 8), the logits of the ten best tokens 2 to 10
//! in units of their spread. So g = 8 up to the end of layer 0, and 16 from there on. With 4 bits that
//! leaves 65 % in layer 0, enough to tell a right row from another one, but after it no single number
//! counts for much: there it is the order of the best tokens that tells.
//!
//! r is the rounding of what was published: 2⁻⁸ where bf16 was printed, with its 8 significant bits;
//! for what was read off pictures, 0.03 of 1.16 in scores and 0.005 of 0.14 in attention weights; and
//! for logits that were computed in bf16, in steps of 0.125, a tenth of their spread.

mod finding;
mod reference;
#[cfg(test)]
mod tests;

use candle_core::{D, DType, Tensor};
use finding::number;
use llama3::Checkpoint;
use llama3::observe::unobserved;
use llama3::rope;
use llama3::tokenizer::Tokenizer;
use llama3::transformer::Transformer;
use llama3::{Error, Result};
use reference::{Prompt, Quantity, Step};

pub use finding::Finding;
pub use reference::Reference;

/// Walks, shows what it finds at each step, and says whether all of them agree. Stops at the first
/// that does not. What needs no weights comes first.
///
/// ```no_run
/// use llama3::notebook::verify::{Reference, verify};
/// use llama3::prelude::*;
/// let lesson = Lesson::open()?;
/// let reference = Reference::of(&lesson.config)?;
/// verify(&lesson.checkpoint, &lesson.model, &reference, &mut |finding| println!("{finding}"))?;
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// What opening the tokenizer and [`Transformer::forward`] report: then nothing is known.
pub fn verify(
    checkpoint: &Checkpoint,
    model: &Transformer,
    reference: &Reference,
    show: &mut (dyn FnMut(&Finding) + Send),
) -> Result<bool> {
    let mut walk = Walk {
        model,
        tokenizer: &checkpoint.tokenizer()?,
        epsilon: reference.epsilon(checkpoint)?,
        show,
    };
    match walk.all(reference) {
        Ok(()) => Ok(true),
        Err(Error::Stopped) => Ok(false),
        Err(e) => Err(e),
    }
}

struct Walk<'a> {
    model: &'a Transformer,
    tokenizer: &'a Tokenizer,
    epsilon: f64,
    show: &'a mut (dyn FnMut(&Finding) + Send),
}

impl Walk<'_> {
    fn all(&mut self, reference: &Reference) -> Result<()> {
        self.report(self.tokens(&reference.prompts))?;
        let mut prompts = reference.prompts.iter();
        prompts.try_for_each(|prompt| self.prompt(prompt))
    }

    /// Shows a finding, and stops the walk if it differs from what was expected.
    fn report(&mut self, finding: Finding) -> Result<()> {
        (self.show)(&finding);
        if finding.agrees() { Ok(()) } else { Err(Error::Stopped) }
    }

    fn tokens(&self, prompts: &[Prompt]) -> Finding {
        for Prompt { text, ids, .. } in prompts {
            let mut here: Vec<u32> = self.tokenizer.bos().into_iter().collect();
            here.extend(self.tokenizer.encode_with_special(text));
            let longer = ids.len().max(here.len());
            if let Some(i) = (0..longer).find(|&i| ids.get(i) != here.get(i)) {
                let shown = |id: Option<&u32>| id.map_or("-".into(), |&id| self.token(id));
                let worst = [format!("{text:?} [{i}]"), shown(ids.get(i)), shown(here.get(i))];
                return Finding::new("Tokens", f64::INFINITY, 0.0, worst);
            }
        }
        Finding::new("Tokens", 0.0, 0.0, Default::default())
    }

    /// The prompt in one pass, then what follows it token by token with the KV cache.
    fn prompt(&mut self, prompt: &Prompt) -> Result<()> {
        if prompt.steps.is_empty() {
            return Ok(());
        }
        let (model, mut cache) = (self.model, self.model.new_cache());
        model.forward(&prompt.ids, &mut cache, &mut |site, tensor| {
            self.see(prompt, &format!("{site:?}"), tensor)?;
            Ok(None)
        })?;
        let next = |id: &u32| model.next_logits(&[*id], &mut cache, &mut unobserved);
        let logits: Vec<Tensor> = prompt.then.iter().map(next).collect::<Result<_>>()?;
        if logits.is_empty() {
            return Ok(());
        }
        self.see(prompt, "Continuation", &Tensor::stack(&logits, 0)?)
    }

    /// Compares all that is known of a step.
    fn see(&mut self, prompt: &Prompt, site: &str, tensor: &Tensor) -> Result<()> {
        let mut steps = prompt.steps.iter().filter(|step| step.site == site);
        steps.try_for_each(|step| self.report(self.look(step, tensor)?))
    }

    fn look(&self, step: &Step, tensor: &Tensor) -> Result<Finding> {
        let c = &self.model.config;
        Ok(match step.of {
            Quantity::Numbers => self.numbers(step, &step.pick(tensor)?)?,
            Quantity::MeanSquare => {
                let means = tensor.sqr()?.mean(D::Minus1)?;
                self.numbers(step, &step.pick(&means)?)?
            }
            Quantity::Best => self.best(step, &step.pick(tensor)?)?,
            Quantity::NormEps => setting("NormEps", step, &[c.norm_eps], "norm_eps"),
            Quantity::Frequencies => {
                let freqs: Vec<f64> = rope::freqs(c).into_iter().map(f64::from).collect();
                let from = format!("rope_theta {}, {:?}", c.rope_theta, c.rope_scaling);
                setting("Frequencies", step, &freqs, &from)
            }
        })
    }

    /// g · ε + r
    fn tolerance(&self, step: &Step) -> f64 {
        let early = step.site == "Embedding" || step.site.ends_with("(0)");
        (if early { 8.0 } else { 16.0 }) * self.epsilon + step.rounding
    }

    fn numbers(&self, step: &Step, found: &Tensor) -> Result<Finding> {
        let (expected, found) = (step.expected(), numbers(found)?);
        let off: Vec<f64> = (found.iter().zip(&expected))
            .map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() })
            .collect();
        let finite: Vec<f64> = expected.iter().copied().filter(|x| x.is_finite()).collect();
        let error = length(&off) / length(&finite);
        let i = worst(&off);
        let worst = [step.place(i), number(expected[i]), number(found[i])];
        Ok(Finding::new(&step.site, error, self.tolerance(step), worst))
    }

    /// How far each token's logit lies from the place in the order where it is expected, in units of
    /// the logits' spread. Errors of δ in the logits move it by 2 δ at most, near ties included.
    fn best(&self, step: &Step, rows: &Tensor) -> Result<Finding> {
        let mut logits = rows.clone();
        if step.site.starts_with("Residual") {
            logits = self.model.logits(rows)?; // the logit lens
        }
        let ids = step.expected();
        let in_a_row = ids.len() / logits.dim(0)?;
        let (mut off, mut here) = (vec![], vec![]);
        for (row, ids) in ids.chunks(in_a_row).enumerate() {
            let logits = numbers(&logits.get(row)?)?;
            let mut order: Vec<usize> = (0..logits.len()).collect();
            order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
            let spread = spread(&logits);
            for (&found, &id) in order.iter().zip(ids) {
                off.push((logits[found] - logits[id as usize]).abs() / spread);
                here.push(found as u32);
            }
        }
        let error = length(&off) / (off.len() as f64).sqrt();
        let i = worst(&off);
        let place = format!("{}, #{}", step.place(i / in_a_row), i % in_a_row + 1);
        let worst = [place, self.token(ids[i] as u32), self.token(here[i])];
        let site = step.site.replace("Residual", "Lens");
        Ok(Finding::new(&site, error, self.tolerance(step), worst))
    }

    fn token(&self, id: u32) -> String {
        format!("{id} {:?}", self.tokenizer.token(id))
    }
}

/// What follows from the model's description: each number must be right to its last printed digit.
fn setting(site: &str, step: &Step, found: &[f64], from: &str) -> Finding {
    let expected = step.expected();
    let relative = |(a, b): (&f64, &f64)| (a / b - 1.0).abs();
    let off: Vec<f64> = found.iter().zip(&expected).map(relative).collect();
    let i = worst(&off);
    let worst = [format!("{from} [{i}]"), number(expected[i]), number(found[i])];
    Finding::new(site, off[i], 1e-6, worst)
}

fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(tensor.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?)
}

fn length(numbers: &[f64]) -> f64 {
    numbers.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The standard deviation.
fn spread(numbers: &[f64]) -> f64 {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let apart: Vec<f64> = numbers.iter().map(|x| x - mean).collect();
    length(&apart) / n.sqrt()
}

/// Where the largest is; NaN is the largest of all.
fn worst(off: &[f64]) -> usize {
    let largest = (0..off.len()).max_by(|&a, &b| off[a].total_cmp(&off[b]));
    largest.unwrap_or(0)
}
