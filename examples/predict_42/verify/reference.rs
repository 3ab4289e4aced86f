//! The tables: what others found at the steps of a model's walk.

use candle_core::{Device, Tensor};
use llama3::Checkpoint;
use llama3::config::{Config, LLAMA3_8B, SMOLLM2_135M};
use llama3::plot::language::Language;
use llama3::{Error, Result};
use serde::Deserialize;

const TABLES: [(Config, &str); 2] =
    [(LLAMA3_8B, include_str!("llama3_8b.json")), (SMOLLM2_135M, include_str!("smollm2.json"))];

/// What others found at the steps of one model's walk.
#[derive(Deserialize)]
pub struct Reference {
    /// What people call the model.
    pub name: String,
    /// The weights behind the values: bits a number, and bytes of all of them.
    bits: f64,
    bytes: usize,
    pub prompts: Vec<Prompt>,
}

#[derive(Deserialize)]
pub struct Prompt {
    pub text: String,
    pub ids: Vec<u32>,
    /// In the order of the walk; nothing if only the ids are known.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The tokens that are read one by one after the prompt.
    #[serde(default)]
    pub then: Vec<u32>,
}

/// What is expected at one step.
#[derive(Deserialize)]
pub struct Step {
    /// As [`Site`](llama3::observe::Site) prints it, or `Continuation`.
    pub site: String,
    #[serde(default)]
    pub of: Quantity,
    /// The places: every combination of one index an axis.
    pub at: Vec<Vec<u32>>,
    /// In the order of the places; null is −∞, a masked score.
    expected: Vec<Option<f64>>,
    /// r, the rounding of what was published.
    #[serde(default)]
    pub rounding: f64,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// The numbers themselves.
    #[default]
    Numbers,
    /// The mean square of each row.
    MeanSquare,
    /// The best tokens of each row, best first; of a residual stream, through the logit lens.
    Best,
    /// How far each RoPE pair turns a position.
    Frequencies,
    NormEps,
}

impl Reference {
    /// The values for a model of these sizes.
    ///
    /// # Errors
    /// There are none; the message says for which models there are.
    pub fn of(config: &Config) -> Result<Reference> {
        let sizes = |c: &Config| (c.tensors(), c.n_heads, c.head_dim);
        let mut tables = TABLES.iter();
        let table = tables.find(|(known, _)| sizes(known) == sizes(config));
        let (_, json) = table.ok_or_else(|| {
            Error::Argument(
                "for a model of these sizes there are no values to compare with, only for Llama 3 8B \
                 and SmolLM2-135M-Instruct"
                    .into(),
            )
        })?;
        serde_json::from_str(json)
            .map_err(|e| Error::Argument(format!("a table of values is damaged: {e}")))
    }

    /// ε = 1.3 · 2⁻ᵇ, b the bits of the coarser weights: the model's, or those behind the values.
    pub fn epsilon(&self, checkpoint: &Checkpoint) -> Result<f64> {
        let mut bits = f64::INFINITY;
        if checkpoint.n_bytes() != self.bytes {
            bits = self.bits;
            for name in checkpoint.names() {
                let matrix = checkpoint.matrix(&name)?;
                let numbers = (matrix.out_dim * matrix.in_dim) as f64;
                // Scales take up to one bit more a number: Q4_0 has 4.5 in all, Q4_1 has 5.
                bits = bits.min((8.0 * matrix.n_bytes() as f64 / numbers).ceil() - 1.0);
            }
        }
        Ok(1.3 * (-bits.min(15.0)).exp2())
    }
}

impl Step {
    /// What a tensor has in the places, with all its axes.
    pub fn pick(&self, tensor: &Tensor) -> Result<Tensor> {
        let mut picked = tensor.to_device(&Device::Cpu)?;
        for (axis, indices) in self.at.iter().enumerate() {
            let indices = Tensor::new(indices.as_slice(), &Device::Cpu)?;
            picked = picked.contiguous()?.index_select(&indices, axis)?;
        }
        Ok(picked)
    }

    pub fn expected(&self) -> Vec<f64> {
        let expected = self.expected.iter();
        expected.map(|x| x.unwrap_or(f64::NEG_INFINITY)).collect()
    }

    /// Where expected value `i` is, in words.
    pub fn place(&self, mut i: usize) -> String {
        let language = Language::current();
        let axes = language.pick(["head", "position", "column"], ["头", "位置", "列"]);
        let names = &axes[if self.at.len() == 3 { 0 } else { 1 }..];
        let mut words = vec![];
        for (axis, name) in self.at.iter().zip(names).rev() {
            words.insert(0, format!("{name} {}", axis[i % axis.len()]));
            i /= axis.len();
        }
        words.join(language.pick(", ", "，"))
    }
}
