//! [`linear`](crate::linear()) on the processor: which thread multiplies what, and by which kernel.
//!
//! ```text
//! for t in 0..T {
//!     for i in 0..out {
//!         y[t][i] = 0
//!         for k in 0..in { y[t][i] += w[i][k] * x[t][k] }
//!     }
//! }
//! ```
//!
//! What is done here differs from that loop in four ways; the kernels say what they change inside.
//!
//! 1. **Rows are shared among threads** in tasks of some 10 µs. Who has nothing left to do takes a
//!    task from another (work stealing; the library is rayon), so nobody waits for a slow core.
//! 2. **Several matrices that meet the same x are one piece of work**: the threads meet once for Wq,
//!    Wk and Wv, not three times.
//! 3. **Tokens inside, rows outside**: a thread owns rows of W, reads them once for all tokens, and
//!    fills y as `[out, T]`, which is transposed at the end.
//! 4. **One kernel for one token and one for many**, because the limits differ: memory, arithmetic.
//!
//! Both kernels sum a dot product in as many lanes as a vector register has, from the first column to
//! the last. The order does not depend on the number of tokens or threads: a token gets the same
//! numbers alone as in a prompt of 500.

use super::many_tokens::{self, Inputs, Scratch};
use super::one_token::{OneToken, STREAMS};
use super::{Matrix, Source, joined};
use crate::error::{Error, Result};
use candle_core::{DType, Tensor};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// The fewest weights that are worth handing to a thread: some 10 µs of work.
const TASK: usize = 1 << 17;
/// The most tasks of one product: enough for many threads to finish at the same time.
const TASKS: usize = 256;

/// x `[…, in]` → each `[…, out]`
pub(crate) fn of_each<const N: usize>(x: &Tensor, ws: [&Matrix; N]) -> Result<[Tensor; N]> {
    for w in ws {
        check(x, w)?;
    }
    let mut shape = x.dims().to_vec();
    let in_dim = shape.pop().unwrap_or_default();
    let x = x.reshape(((), in_dim))?; // [T, in]
    let mut ys = if x.device().is_cpu() {
        on_the_cpu(&x, ws)?
    } else {
        let mut ys = ws.map(|_| x.clone());
        for (y, w) in ys.iter_mut().zip(ws) {
            *y = x.matmul(&w.to_tensor()?.to_device(x.device())?.t()?)?;
        }
        ys
    };
    for (y, w) in ys.iter_mut().zip(ws) {
        *y = y.reshape([&shape[..], &[w.out_dim]].concat())?;
    }
    Ok(ys)
}

fn check(x: &Tensor, w: &Matrix) -> Result<()> {
    if x.dims().last() != Some(&w.in_dim) {
        let expected = format!("x of shape […, {}]", w.in_dim);
        let hint = format!("this matrix is [{}, {}], and y = x Wᵀ", w.out_dim, w.in_dim);
        return Err(Error::shape(&w.name, expected, x.dims(), hint));
    }
    if x.dtype() != DType::F32 {
        let (name, dtype) = (&w.name, x.dtype());
        return Err(Error::Argument(format!(
            "{name}: linear computes in f32, but x is {dtype:?}; use x.to_dtype(DType::F32)?"
        )));
    }
    Ok(())
}

/// x `[T, in]` → each `[T, out]`
pub(super) fn on_the_cpu<const N: usize>(x: &Tensor, ws: [&Matrix; N]) -> Result<[Tensor; N]> {
    if ws.iter().any(|w| matches!(w.source, Source::Joined { .. })) {
        let mut ys = ws.map(|_| x.clone());
        for (y, w) in ys.iter_mut().zip(ws) {
            *y = joined::multiply(x, w)?;
        }
        return Ok(ys);
    }
    let (n_tokens, in_dim) = x.dims2()?;
    let inputs = Inputs::new(&x.flatten_all()?.to_vec1::<f32>()?, in_dim);
    let mut ys = ws.map(|w| vec![0.0; w.out_dim * n_tokens]); // [out, T]: rows are one piece of it
    let mut tasks = vec![];
    for (w, y) in ws.into_iter().zip(&mut ys) {
        let n_tasks = (w.out_dim * w.in_dim / TASK).clamp(1, TASKS);
        let n_rows = w.out_dim.div_ceil(n_tasks).next_multiple_of(STREAMS);
        let pieces = y.chunks_mut((n_rows * n_tokens).max(1)).enumerate();
        let x = &inputs;
        tasks.extend(pieces.map(|(i, y)| Task { w, first_row: i * n_rows, x, y }));
    }
    let arch = pulp::Arch::new();
    tasks
        .into_par_iter()
        .for_each_init(Scratch::new, |scratch, task| arch.dispatch(Multiply { task, scratch }));
    let mut products = ws.map(|_| x.clone());
    for ((product, y), w) in products.iter_mut().zip(ys).zip(ws) {
        let y = if n_tokens > 1 { transposed(&y, n_tokens) } else { y };
        *product = Tensor::from_vec(y, (n_tokens, w.out_dim), x.device())?;
    }
    Ok(products)
}

/// `[out, T]` → `[T, out]`
fn transposed(y: &[f32], n_tokens: usize) -> Vec<f32> {
    let out_dim = y.len() / n_tokens;
    let mut result = vec![0.0; y.len()];
    result.par_chunks_mut(out_dim).enumerate().for_each(|(t, result)| {
        for (value, tokens) in result.iter_mut().zip(y.chunks(n_tokens)) {
            *value = tokens[t];
        }
    });
    result
}

/// Some rows of `w` times all tokens: y[r][t] = Σₖ w[first_row + r][k] · x[t][k].
pub(super) struct Task<'a> {
    pub w: &'a Matrix,
    pub first_row: usize,
    pub x: &'a Inputs,    // [T, in], T ≥ 1
    pub y: &'a mut [f32], // [rows, T]
}

/// The name of the work for `pulp`, which compiles it for each set of vector instructions.
struct Multiply<'a> {
    task: Task<'a>,
    scratch: &'a mut Scratch,
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    /// > Rust: generic functions are monomorphised. The compiler writes one copy of all that follows
    /// > for every `S`, a set of vector instructions, and below it for every kind of weight, each
    /// > with its own constants, as if by hand. What is chosen at run time is which copy is called.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Multiply { task, scratch } = self;
        let w = task.w;
        let is_one_token = task.x.n_tokens == 1;
        match w.source {
            Source::Stored { .. } if is_one_token => w.dtype.dispatch(OneToken { simd, task }),
            _ => many_tokens::multiply(simd, task, scratch),
        }
    }
}

/// Group `i` of `n_rows` rows: each of its `N` rows is the next one of a long stretch of memory, a
/// stream that the hardware prefetcher recognises. The last row may come several times.
#[inline(always)]
pub(super) fn stream_rows<const N: usize>(i: usize, n_rows: usize) -> [usize; N] {
    let mut rows = [0; N];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = (i + r * n_rows.div_ceil(N)).min(n_rows - 1);
    }
    rows
}

#[cfg(test)]
mod tests;
