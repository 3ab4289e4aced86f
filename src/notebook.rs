//! What every notebook starts from: the model, its tokenizer, the prompt, and the symbols' values.

mod keep;
pub mod published;
mod symbols;

pub use keep::{keep, kept};

use crate::checkpoint::{Checkpoint, inventory, weights};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::experiments;
use crate::matrix::memory::in_words;
use crate::observe::{Site, unobserved};
use crate::plot;
use crate::plot::language::Language;
use crate::plot::table::Table;
use crate::sampling::{self, Candidate};
use crate::tokenizer::Tokenizer;
use crate::transformer::Transformer;
use candle_core::Tensor;
use std::io::{Write, stderr};

/// One sentence that tells a small model what Llama 3 8B knows by itself.
pub const CONTEXT: &str = "In Douglas Adams' book, Deep Thought computed that the answer is 42. ";

/// A model with the prompt it is to read.
#[derive(Clone)]
pub struct Lesson {
    /// The model on disk.
    pub checkpoint: Checkpoint,
    /// Its sizes.
    pub config: Config,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// The model ready to run.
    pub model: Transformer,
    /// What the model reads.
    pub prompt: String,
    /// The prompt as token ids, T of them.
    pub ids: Vec<u32>,
    /// Each token as text, for the axes of pictures.
    pub labels: Vec<String>,
}

impl Lesson {
    /// The model of this session (see [`Checkpoint::open_default`]) with the question that ends in
    /// "everything is ". If the small default model is it, and another program keeps a Llama 3 on
    /// this machine, one line says how to take that.
    ///
    /// # Errors
    /// As [`Checkpoint::open_default`] and [`Checkpoint::tokenizer`].
    pub fn open() -> Result<Lesson> {
        if let Some(name) = inventory::better_than_default() {
            let found =
                Language::current().pick("Llama 3 is on this machine: ", "本机有 Llama 3：");
            let _ = writeln!(stderr(), "{found}LLAMA3_MODEL={name} notebooks/open");
        }
        Lesson::of(Checkpoint::open_default()?)
    }

    /// The same with any checkpoint.
    ///
    /// # Errors
    /// As [`Checkpoint::tokenizer`].
    pub fn of(checkpoint: Checkpoint) -> Result<Lesson> {
        let lesson = Lesson {
            config: checkpoint.config.clone(),
            tokenizer: checkpoint.tokenizer()?,
            model: Transformer::new(&checkpoint)?,
            checkpoint,
            prompt: String::new(),
            ids: vec![],
            labels: vec![],
        };
        Ok(lesson.read(published::PROMPT))
    }

    /// The same model with another prompt.
    pub fn read(&self, prompt: &str) -> Lesson {
        let ids = self.tokenizer.prompt(prompt);
        Lesson {
            prompt: prompt.into(),
            labels: ids.iter().map(|&id| self.tokenizer.token(id)).collect(),
            ids,
            ..self.clone()
        }
    }

    /// The same model with one sentence in front of the prompt, which says what the answer is.
    pub fn with_context(&self) -> Lesson {
        self.read(&format!("{CONTEXT}{}", self.prompt))
    }

    /// How many tokens the prompt has: T.
    pub fn n_tokens(&self) -> usize {
        self.ids.len()
    }

    /// A tensor of the pass over the prompt, for what earlier chapters derived.
    ///
    /// # Shapes
    /// As [`Site`] says.
    ///
    /// # Errors
    /// As [`experiments::at`].
    pub fn at(&self, site: Site) -> Result<Tensor> {
        experiments::at(&self.model, &self.ids, site)
    }

    /// The residual stream of each token: the embedding, then what each layer left.
    ///
    /// # Shapes
    /// → `[n_layers + 1, T, dim]`
    ///
    /// # Errors
    /// As [`Transformer::hidden`].
    pub fn streams(&self) -> Result<Tensor> {
        let mut streams = vec![];
        self.model.hidden(&self.ids, &mut self.model.new_cache(), &mut |site, x| {
            if let Site::Embedding | Site::Residual(_) = site {
                streams.push(x.clone());
            }
            Ok(None)
        })?;
        Ok(Tensor::stack(&streams, 0)?)
    }

    /// What the model would say after the last of these vectors, if it stopped right there: its `k`
    /// most probable next tokens. (Chapter 9 calls this a logit lens.)
    ///
    /// # Shapes
    /// x `[dim]` or `[T, dim]`
    ///
    /// # Errors
    /// As [`Transformer::logits`].
    pub fn lens(&self, x: &Tensor, k: usize) -> Result<Vec<(String, f32)>> {
        let rows = x.reshape(((), self.config.dim))?;
        let last = rows.narrow(0, rows.dim(0)? - 1, 1)?;
        self.guesses(&self.model.logits(&last)?.get(0)?, k)
    }

    /// The `k` most probable tokens after any text, with their probabilities.
    ///
    /// # Errors
    /// As [`Transformer::next_logits`].
    pub fn guesses_after(&self, text: &str, k: usize) -> Result<Vec<(String, f32)>> {
        let (ids, mut cache) = (self.tokenizer.prompt(text), self.model.new_cache());
        self.guesses(&self.model.next_logits(&ids, &mut cache, &mut unobserved)?, k)
    }

    /// A text with the `n` tokens that the model adds to it, the most probable one each time.
    ///
    /// # Errors
    /// As [`Transformer::greedy`].
    pub fn says(&self, text: &str, n: usize) -> Result<String> {
        let added = self.model.greedy(&self.tokenizer.prompt(text), n)?;
        Ok(format!("{text}{}", self.tokenizer.decode(&added)?))
    }

    /// The head of chapter `n`: the prompt in its tokens, and the map with that chapter's boxes lit.
    pub fn chapter(&self, n: usize) -> plot::Map {
        plot::map(n).prompt(&self.labels, &self.ids)
    }

    /// The most probable next tokens, best first.
    ///
    /// # Shapes
    /// logits `[vocab_size]`
    ///
    /// # Errors
    /// As [`sampling::top`].
    pub fn top(&self, logits: &Tensor, k: usize) -> Result<Vec<Candidate>> {
        sampling::top(logits, k)
    }

    /// The most probable next tokens as text with their probabilities: what `plot::bars` draws.
    ///
    /// # Shapes
    /// logits `[vocab_size]`
    ///
    /// # Errors
    /// As [`sampling::top`].
    pub fn guesses(&self, logits: &Tensor, k: usize) -> Result<Vec<(String, f32)>> {
        let candidates = self.top(logits, k)?.into_iter();
        Ok(candidates.map(|c| (self.tokenizer.token(c.id), c.prob)).collect())
    }

    /// The symbols that a chapter uses: what they mean, and their value for this model.
    ///
    /// # Errors
    /// A symbol that is not known; the message lists those that are.
    pub fn symbols(&self, names: &[&str]) -> Result<Table> {
        symbols::table(&self.config, self.n_tokens(), names)
    }

    /// Which model this is, in one paragraph.
    pub fn summary(&self) -> String {
        let c = &self.config;
        let place = weights::shown(&self.checkpoint.path);
        let (name, format) = (&self.checkpoint.name, self.checkpoint.format);
        let n_params = c.n_params() as f64 / 1e6;
        let size = in_words(self.checkpoint.n_bytes() as u64);
        let (layers, dim, heads, kv) = (c.n_layers, c.dim, c.n_heads, c.n_kv_heads);
        let tokens = self.n_tokens();
        let mut text = Language::current().pick(
            format!(
                "{name} ({format}, {place}): {n_params:.1} million weights in {size}, \
                 read in place.\n{layers} layers, dim {dim}, {heads} query heads and {kv} KV heads \
                 of {}.\nPrompt: {:?}, {tokens} tokens.",
                c.head_dim, self.prompt
            ),
            format!(
                "{name}（{format}，{place}）：{:.3} 亿个权重，共 {size}，\
                 用到才读。\n{layers} 层，dim {dim}，{heads} 个查询头，{kv} 个 KV 头，head_dim {}。\n\
                 提示：{:?}，{tokens} 个词元。",
                n_params / 100.0,
                c.head_dim,
                self.prompt
            ),
        );
        for assumption in &self.checkpoint.assumed {
            text += &format!("\n{assumption}");
        }
        text
    }

    /// What the evcxr kernel calls when a lesson is the last expression of a cell.
    pub fn evcxr_display(&self) {
        println!("{}", self.summary());
    }
}

/// The largest difference between two tensors of the same shape: 0 if they are equal.
///
/// # Shapes
/// Any, f32, but the same for both.
///
/// ```
/// use llama3::prelude::*;
/// let a = Tensor::new(&[1f32, 2.0], &Device::Cpu)?;
/// let b = Tensor::new(&[1.5f32, 1.0], &Device::Cpu)?;
/// assert_eq!(difference(&a, &b)?, 1.0);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// Shapes that differ.
pub fn difference(a: &Tensor, b: &Tensor) -> Result<f32> {
    if a.dims() != b.dims() {
        let expected = format!("{:?}", a.dims());
        return Err(Error::shape("second tensor", expected, b.dims(), "only equals compare"));
    }
    Ok((a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?)
}

/// Says whether an exercise is solved.
pub fn check(right: bool) -> Verdict {
    Verdict { right }
}

/// See [`check`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    right: bool,
}

impl std::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let language = Language::current();
        f.write_str(match self.right {
            true => language.pick("Right!", "答对了！"),
            false => language.pick("Not yet.", "还不对，再想想。"),
        })
    }
}
