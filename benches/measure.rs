//! Measures on request: reads one question a line, answers one line of JSON. `benches/compare` asks
//! it and other programs in turn, so that whatever else the machine does disturbs all alike.
//!
//! `cargo run --release -p llama3-benches --bin measure -- MODEL`, then for example `prefill 17`

use limits::{Gemm, Read, random};
use llama3::notebook::CONTEXT;
use llama3::prelude::*;
use llama3::{block::Block, matrix::memory};
use serde_json::{Value, json};
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Instant;

struct Bench {
    model: Transformer,
    checkpoint: Checkpoint,
    read: Option<Read>,
    gemm: Option<Gemm>,
    /// What was last read for `decode`.
    cache: KvCache,
    /// Whose turn it is: what is read was not read recently.
    layer: usize,
}

fn main() -> Result<()> {
    let name = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let name = name.map_or_else(weights::default_model, Ok)?;
    let checkpoint = Checkpoint::open_named(&name, &Options::default())?;
    let model = Transformer::new(&checkpoint)?;
    let mut bench =
        Bench { cache: model.new_cache(), model, checkpoint, read: None, gemm: None, layer: 0 };
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|e| Error::Argument(format!("cannot read a question: {e}")))?;
        let words: Vec<&str> = line.split_whitespace().collect();
        println!("{}", bench.answer(&words)?);
        let _ = std::io::stdout().flush();
    }
    Ok(())
}

impl Bench {
    fn answer(&mut self, words: &[&str]) -> Result<Value> {
        let number = |i: usize| words.get(i).and_then(|word| word.parse::<usize>().ok());
        match (words.first(), number(1)) {
            (Some(&"size"), _) => self.size(),
            (Some(&"read"), _) => Ok(self.bandwidth()),
            (Some(&"gemm"), _) => self.arithmetic(),
            (Some(&"prefill"), Some(n)) => self.prefill(n),
            (Some(&"decode"), Some(n)) => self.decode(n, number(2).unwrap_or(1)),
            (Some(&"linear"), Some(n)) => self.linear(n),
            (Some(&"candle"), Some(n)) => self.candle(n),
            (Some(&"distance"), None) => self.distance(&words[1..].join(" ")),
            _ => Err(Error::Argument(format!(
                "cannot answer {words:?}: size, read, gemm, or prefill, linear, candle N, decode N STEPS or distance MODEL"
            ))),
        }
    }

    /// What one token reads and multiplies, in the blocks and in the output matrix.
    fn size(&self) -> Result<Value> {
        let c = &self.model.config;
        let matrices = self.model.blocks.iter().flat_map(matrices);
        let (bytes, weights) = matrices.fold((0, 0), |(bytes, weights), w| {
            (bytes + w.n_bytes(), weights + w.out_dim * w.in_dim)
        });
        let output = self.checkpoint.matrix("output.weight")?;
        Ok(json!({
            "name": self.checkpoint.name, "n_layers": c.n_layers,
            "block_bytes": bytes, "block_flops": 2 * weights,
            "output_bytes": output.n_bytes(), "output_flops": 2 * output.out_dim * output.in_dim,
        }))
    }

    fn bandwidth(&mut self) -> Value {
        let read = self.read.get_or_insert_with(Read::large);
        let (seconds, _) = timed(|| Ok(read.run())).unwrap_or((f64::NAN, 0.0));
        json!({"seconds": seconds, "bytes_per_second": read.n_bytes() as f64 / seconds})
    }

    fn arithmetic(&mut self) -> Result<Value> {
        let gemm = match self.gemm.take() {
            Some(gemm) => gemm,
            None => Gemm::new()?,
        };
        let (seconds, _) = timed(|| gemm.run())?;
        let rate = gemm.n_flops() as f64 / seconds;
        self.gemm = Some(gemm);
        Ok(json!({"seconds": seconds, "flops_per_second": rate}))
    }

    /// `n` tokens into an empty cache.
    fn prefill(&mut self, n: usize) -> Result<Value> {
        self.cache = self.model.new_cache();
        let ids = ids(n);
        let (seconds, _) =
            timed(|| self.model.next_logits(&ids, &mut self.cache, &mut unobserved))?;
        let [heap, peak] = [memory::heap_bytes(), memory::peak_rss_bytes()];
        let cache = self.cache.n_bytes();
        Ok(
            json!({"seconds": seconds, "heap_bytes": heap, "peak_bytes": peak, "cache_bytes": cache}),
        )
    }

    /// `steps` tokens after `n` others, one by one: the time of each.
    fn decode(&mut self, n: usize, steps: usize) -> Result<Value> {
        self.cache.truncate(n);
        let missing = ids(n).split_off(self.cache.len());
        if !missing.is_empty() {
            self.model.next_logits(&missing, &mut self.cache, &mut unobserved)?;
        }
        let (seconds, ()) = timed(|| {
            (0..steps).try_for_each(|_| {
                let (model, cache) = (&self.model, &mut self.cache);
                model.next_logits(&[7], cache, &mut unobserved).map(drop)
            })
        })?;
        Ok(json!({"seconds": seconds / steps as f64}))
    }

    /// The seven matrices of a block times `n` vectors, by `linear`.
    fn linear(&mut self, n: usize) -> Result<Value> {
        let (block, xs) = self.next_block(n)?;
        let (seconds, _) = timed(|| {
            let products = matrices(&block).into_iter().zip(&xs);
            products.map(|(w, x)| linear(x, w)).collect::<Result<Vec<_>>>()
        })?;
        Ok(json!({"seconds": seconds}))
    }

    /// The same in candle's own words: the whole matrix to f32, then multiplied.
    fn candle(&mut self, n: usize) -> Result<Value> {
        let (block, xs) = self.next_block(n)?;
        let stored = matrices(&block)
            .into_iter()
            .map(|w| Ok(w.to_tensor()?.to_dtype(DType::BF16)?))
            .collect::<Result<Vec<_>>>()?;
        let (seconds, _) = timed(|| {
            let products = stored.iter().zip(&xs);
            products
                .map(|(w, x)| Ok(x.matmul(&w.to_dtype(DType::F32)?.t()?)?))
                .collect::<Result<Vec<_>>>()
        })?;
        Ok(json!({"seconds": seconds}))
    }

    /// How far the logits lie from those of another model with the same tokens: as the root of the mean
    /// square, by the best token, and by what the probabilities lose (their divergence, in nats).
    fn distance(&self, other: &str) -> Result<Value> {
        let other = Checkpoint::open_named(other, &Options::default())?;
        let (tokenizer, other) = (self.checkpoint.tokenizer()?, Transformer::new(&other)?);
        let (mut squares, mut divergence, mut same, mut positions) = (0.0, 0.0, 0, 0);
        let question = [CONTEXT, published::PROMPT].concat();
        for text in [published::PROMPT, &question, TEXT] {
            let ids = tokenizer.prompt(text);
            let [ours, theirs] = [&self.model, &other].map(|m| experiments::unchanged(m, &ids));
            let (ours, theirs) = (ours?, theirs?); // [T, vocab_size]
            let [p, q] = [&theirs, &ours].map(softmax);
            let (p, q) = (p?, q?);
            let centred =
                |x: &Tensor| Ok::<_, Error>(x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?);
            squares += sum(&(centred(&ours)? - centred(&theirs)?)?.sqr()?.mean(D::Minus1)?)?;
            divergence += sum(&((&p / (q + 1e-30)?)? + 1e-30)?.log()?.mul(&p)?)?;
            same += std::iter::zip(best(&ours)?, best(&theirs)?).filter(|(a, b)| a == b).count();
            positions += ids.len();
        }
        let mean = |total: f64| total / positions as f64;
        Ok(json!({
            "bytes": self.checkpoint.n_bytes(), "positions": positions, "same_best": same,
            "rms": mean(squares).sqrt(), "divergence": mean(divergence),
        }))
    }

    fn next_block(&mut self, n: usize) -> Result<(Block, Vec<Tensor>)> {
        self.layer = (self.layer + 1) % self.model.blocks.len();
        let block = self.model.blocks[self.layer].clone();
        let xs = matrices(&block)
            .into_iter()
            .map(|w| random((n, w.in_dim)))
            .collect::<Result<Vec<_>>>()?;
        Ok((block, xs))
    }
}

/// What `distance` reads, beside the question of the book.
const TEXT: &str = "Every computer stores text as numbers. A language model reads those numbers, \
    multiplies them by matrices, and says which number comes next. The capital of France is Paris, and \
    the sun rises in the east. Once upon a time there was a llama who wanted to know the answer.";

fn sum(x: &Tensor) -> Result<f64> {
    Ok(x.to_dtype(DType::F64)?.sum_all()?.to_scalar()?)
}

/// The most probable token at each position.
fn best(logits: &Tensor) -> Result<Vec<u32>> {
    Ok(logits.argmax(D::Minus1)?.to_vec1()?)
}

fn matrices(b: &Block) -> [&Matrix; 7] {
    [&b.wq, &b.wk, &b.wv, &b.wo, &b.w1, &b.w3, &b.w2]
}

fn ids(n: usize) -> Vec<u32> {
    (0..n as u32).map(|i| 100 + i * 7 % 5000).collect()
}

fn timed<T>(run: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let start = Instant::now();
    let result = black_box(run()?);
    Ok((start.elapsed().as_secs_f64(), result))
}
