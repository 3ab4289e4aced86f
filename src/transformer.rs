//! The whole model: embedding, the blocks in a row, the final norm, the output matrix.
//!
//! This is the only place where the mathematics meets the weights. It computes all heads at once;
//! the notebooks do the same one head and one matrix at a time.

use crate::attention::{causal_mask, merge_heads, scores, softmax, split_heads, weighted_values};
use crate::feed_forward::swiglu;
use crate::observe::{Observer, Site, unobserved};
use crate::{Checkpoint, Config, Error, KvCache, Matrix, Result, linear, rms_norm, rope};
use candle_core::{Device, Tensor};

/// A model ready to run. Its weights stay in their file; cloning it is cheap.
#[derive(Clone)]
pub struct Transformer {
    /// The sizes.
    pub config: Config,
    /// The blocks, first to last.
    pub blocks: Vec<Block>,
    tok_embeddings: Matrix,
    norm: Matrix,
    output: Matrix,
    freqs: Vec<f32>,
    device: Device,
}

/// The nine matrices of one block, under Meta's names.
#[derive(Clone)]
pub struct Block {
    pub attention_norm: Matrix,
    pub wq: Matrix,
    pub wk: Matrix,
    pub wv: Matrix,
    pub wo: Matrix,
    pub ffn_norm: Matrix,
    /// SwiGLU's gate.
    pub w1: Matrix,
    /// SwiGLU's down projection.
    pub w2: Matrix,
    /// SwiGLU's up projection.
    pub w3: Matrix,
}

/// The device that this build computes on: a GPU with the features `cuda` or `metal`, else the CPU.
///
/// # Errors
/// A GPU build on a machine whose GPU cannot be used.
pub fn default_device() -> Result<Device> {
    Ok(if cfg!(feature = "cuda") {
        Device::new_cuda(0)?
    } else if cfg!(feature = "metal") {
        Device::new_metal(0)?
    } else {
        Device::Cpu
    })
}

/// What a block needs to know besides its input.
struct Pass<'a, 'b> {
    cache: &'a mut KvCache,
    observer: &'a mut Observer<'b>,
    /// `[T, head_dim / 2]`
    angles: Tensor,
    /// `[T, S]`
    mask: Tensor,
}

impl Transformer {
    /// A model on the CPU. Reads no weights yet.
    ///
    /// # Errors
    /// A tensor that the checkpoint does not have.
    pub fn new(checkpoint: &Checkpoint) -> Result<Transformer> {
        Transformer::on(checkpoint, &Device::Cpu)
    }

    /// A model that computes on a device; each matrix is brought there when it is used.
    ///
    /// # Errors
    /// As [`Transformer::new`].
    pub fn on(checkpoint: &Checkpoint, device: &Device) -> Result<Transformer> {
        let config = checkpoint.config.clone();
        Ok(Transformer {
            blocks: (0..config.n_layers)
                .map(|layer| Block::new(checkpoint, layer))
                .collect::<Result<_>>()?,
            tok_embeddings: checkpoint.matrix("tok_embeddings.weight")?,
            norm: checkpoint.matrix("norm.weight")?,
            output: checkpoint.matrix("output.weight")?,
            freqs: rope::freqs(&config),
            device: device.clone(),
            config,
        })
    }

    /// One pass over the new tokens: the logits of every position.
    ///
    /// The cache holds the tokens before them, and afterwards these too. The observer sees every
    /// step and may change it (see [`observe`](crate::observe)).
    ///
    /// # Shapes
    /// ids: T token ids → `[T, vocab_size]`
    ///
    /// # Errors
    /// No tokens, an id outside the vocabulary, more tokens than the model was made for, and
    /// whatever the observer returns.
    pub fn forward(
        &self,
        ids: &[u32],
        cache: &mut KvCache,
        observer: &mut Observer,
    ) -> Result<Tensor> {
        let x = self.hidden(ids, cache, observer)?;
        let logits = self.logits(&x)?;
        observe(observer, Site::Logits, logits)
    }

    /// The logits after the last of the tokens, for reading a prompt and for generating: the output
    /// matrix meets only one vector. Long prompts are read a piece at a time, which changes nothing
    /// but the memory it takes.
    ///
    /// # Shapes
    /// ids: T token ids → `[vocab_size]`
    ///
    /// # Errors
    /// As [`Transformer::forward`].
    pub fn next_logits(
        &self,
        ids: &[u32],
        cache: &mut KvCache,
        observer: &mut Observer,
    ) -> Result<Tensor> {
        let mut last = None;
        for piece in ids.chunks(PREFILL_PIECE) {
            let x = self.hidden(piece, cache, observer)?;
            last = Some(x.narrow(0, piece.len() - 1, 1)?);
        }
        let x = last.ok_or_else(no_tokens)?;
        let logits = self.logits(&x)?;
        Ok(observe(observer, Site::Logits, logits)?.squeeze(0)?)
    }

    /// The residual stream after the last block, before the final norm.
    ///
    /// # Shapes
    /// ids: T token ids → `[T, dim]`
    ///
    /// # Errors
    /// As [`Transformer::forward`].
    pub fn hidden(
        &self,
        ids: &[u32],
        cache: &mut KvCache,
        observer: &mut Observer,
    ) -> Result<Tensor> {
        self.check(ids, cache)?;
        let (start_pos, n_tokens) = (cache.len(), ids.len());
        let angles = rope::angles(&self.freqs, start_pos, n_tokens, &self.device)?;
        let mask = causal_mask(n_tokens, start_pos, &self.device)?;
        let x = self.tok_embeddings.rows(ids)?.to_device(&self.device)?; // [T, dim]
        let mut x = observe(observer, Site::Embedding, x)?;
        let mut pass = Pass {
            cache,
            observer,
            angles,
            mask,
        };
        for (layer, block) in self.blocks.iter().enumerate() {
            if let Some(next) = self.blocks.get(layer + 1) {
                next.matrices().into_iter().for_each(Matrix::prefetch);
            }
            x = block.forward(layer, &x, &self.config, &mut pass)?;
            block.matrices().into_iter().for_each(Matrix::release);
        }
        pass.cache.advance(n_tokens);
        Ok(x)
    }

    /// What a residual stream predicts: the final norm, then the output matrix.
    ///
    /// Given the stream after an earlier block, this is the logit lens.
    ///
    /// # Shapes
    /// x `[T, dim]` → `[T, vocab_size]`
    ///
    /// # Errors
    /// A stream of another size.
    pub fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let x = rms_norm(x, &self.vector(&self.norm)?, self.config.norm_eps)?;
        let logits = linear(&x, &self.output);
        self.output.release();
        logits
    }

    /// An empty cache for this model.
    pub fn new_cache(&self) -> KvCache {
        KvCache::new(&self.config)
    }

    /// The tokens that follow, each time the most probable one.
    ///
    /// # Errors
    /// As [`Transformer::forward`].
    pub fn greedy(&self, ids: &[u32], n_steps: usize) -> Result<Vec<u32>> {
        let mut cache = self.new_cache();
        let mut new = ids.to_vec();
        let mut greedy = vec![];
        while greedy.len() < n_steps {
            let logits = self.next_logits(&new, &mut cache, &mut unobserved)?;
            new = vec![crate::sampling::greedy(&logits)?];
            greedy.push(new[0]);
        }
        Ok(greedy)
    }

    fn check(&self, ids: &[u32], cache: &KvCache) -> Result<()> {
        let vocab_size = self.config.vocab_size;
        if ids.is_empty() {
            return Err(no_tokens());
        }
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocab_size) {
            return Err(Error::TokenOutOfRange { id, vocab_size });
        }
        let end = cache.len() + ids.len();
        match end > self.config.max_seq_len {
            true => Err(Error::PositionOutOfRange {
                position: end - 1,
                max_seq_len: self.config.max_seq_len,
            }),
            false => Ok(()),
        }
    }

    fn vector(&self, weight: &Matrix) -> Result<Tensor> {
        vector(weight, &self.device)
    }
}

/// How many tokens of a prompt are read at once: enough to share every read of the weights among
/// many, few enough that their scores stay small.
const PREFILL_PIECE: usize = 256;

impl Block {
    fn new(checkpoint: &Checkpoint, layer: usize) -> Result<Block> {
        let matrix = |name: &str| checkpoint.matrix(&format!("layers.{layer}.{name}.weight"));
        Ok(Block {
            attention_norm: matrix("attention_norm")?,
            wq: matrix("attention.wq")?,
            wk: matrix("attention.wk")?,
            wv: matrix("attention.wv")?,
            wo: matrix("attention.wo")?,
            ffn_norm: matrix("ffn_norm")?,
            w1: matrix("feed_forward.w1")?,
            w2: matrix("feed_forward.w2")?,
            w3: matrix("feed_forward.w3")?,
        })
    }

    /// All its matrices, in the order in which they are used.
    fn matrices(&self) -> [&Matrix; 7] {
        [
            &self.wq, &self.wk, &self.wv, &self.wo, &self.w1, &self.w3, &self.w2,
        ]
    }

    /// Attention and feed-forward, each adding its part to the residual stream.
    fn forward(&self, layer: usize, x: &Tensor, c: &Config, pass: &mut Pass) -> Result<Tensor> {
        let attention = self.attention(layer, x, c, pass)?;
        let x = observe(pass.observer, Site::ResidualMiddle(layer), (x + attention)?)?;
        let feed_forward = self.feed_forward(layer, &x, c, pass)?;
        observe(pass.observer, Site::Residual(layer), (x + feed_forward)?)
    }

    fn attention(&self, layer: usize, x: &Tensor, c: &Config, pass: &mut Pass) -> Result<Tensor> {
        let see = |observer: &mut Observer, site: fn(usize) -> Site, tensor: Tensor| {
            observe(observer, site(layer), tensor)
        };
        let norm = vector(&self.attention_norm, x.device())?;
        let h = see(
            pass.observer,
            Site::AttentionNorm,
            rms_norm(x, &norm, c.norm_eps)?,
        )?;

        let q = split_heads(&linear(&h, &self.wq)?, c.n_heads)?; // [n_heads, T, head_dim]
        let q = see(pass.observer, Site::Queries, q)?;
        let k = split_heads(&linear(&h, &self.wk)?, c.n_kv_heads)?; // [n_kv_heads, T, head_dim]
        let k = see(pass.observer, Site::Keys, k)?;
        let v = split_heads(&linear(&h, &self.wv)?, c.n_kv_heads)?;
        let v = see(pass.observer, Site::Values, v)?;

        let q = see(
            pass.observer,
            Site::RotatedQueries,
            rope::rotate(&q, &pass.angles)?,
        )?;
        let k = see(
            pass.observer,
            Site::RotatedKeys,
            rope::rotate(&k, &pass.angles)?,
        )?;
        let (k, v) = pass.cache.append(layer, &k, &v)?; // [n_kv_heads, S, head_dim]

        let masked = scores(&q, &k)?.broadcast_add(&pass.mask)?; // [n_heads, T, S]
        let masked = see(pass.observer, Site::Scores, masked)?;
        let attn_weights = see(pass.observer, Site::AttentionWeights, softmax(&masked)?)?;
        let heads = weighted_values(&attn_weights, &v)?; // [n_heads, T, head_dim]
        let heads = see(pass.observer, Site::HeadOutputs, heads)?;
        let output = linear(&merge_heads(&heads)?, &self.wo)?; // [T, dim]
        see(pass.observer, Site::AttentionOutput, output)
    }

    fn feed_forward(
        &self,
        layer: usize,
        x: &Tensor,
        c: &Config,
        pass: &mut Pass,
    ) -> Result<Tensor> {
        let norm = vector(&self.ffn_norm, x.device())?;
        let h = rms_norm(x, &norm, c.norm_eps)?;
        let h = observe(pass.observer, Site::FeedForwardNorm(layer), h)?;
        let (gate, up) = (linear(&h, &self.w1)?, linear(&h, &self.w3)?); // [T, hidden_dim]
        let hidden = observe(
            pass.observer,
            Site::FeedForwardHidden(layer),
            swiglu(&gate, &up)?,
        )?;
        let down = linear(&hidden, &self.w2)?; // [T, dim]
        observe(pass.observer, Site::FeedForwardOutput(layer), down)
    }
}

/// Shows a step to the observer, and takes what it puts in the step's place, if anything.
fn observe(observer: &mut Observer, site: Site, tensor: Tensor) -> Result<Tensor> {
    let Some(replacement) = observer(site, &tensor)? else {
        return Ok(tensor);
    };
    match replacement.dims() == tensor.dims() {
        true => Ok(replacement),
        false => Err(Error::shape(
            format!("replacement at {site:?}"),
            format!("{:?}", tensor.dims()),
            replacement.dims(),
            "an observer must return a tensor of the same shape",
        )),
    }
}

fn vector(weight: &Matrix, device: &Device) -> Result<Tensor> {
    Ok(weight.to_tensor()?.flatten_all()?.to_device(device)?)
}

fn no_tokens() -> Error {
    Error::Argument("there are no tokens to read: the prompt is empty".into())
}
