//! The inner loops of [`linear`](crate::linear()): some rows of the matrix times all tokens.
//!
//! A dot product is summed in as many lanes as a vector register has, from the first column to the
//! last, and the lanes are added at the end. The order is the same whatever the number of tokens or
//! threads: a token gets the same numbers alone as in a prompt of 500.

use super::many_tokens::{self, Scratch};
use super::one_token::{self, STREAMS};
use super::{Matrix, Source, joined};
use crate::error::Result;
use candle_core::Tensor;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// The fewest weights that are worth handing to a thread: some 10 µs of work.
const TASK: usize = 1 << 17;
/// The most tasks of one product: enough for many threads to finish at the same time.
const TASKS: usize = 256;

/// x `[T, in]` → each `[T, out]`
pub(crate) fn on_the_cpu<const N: usize>(x: &Tensor, ws: [&Matrix; N]) -> Result<Vec<Tensor>> {
    if ws.iter().any(|w| matches!(w.source, Source::Joined { .. })) {
        return ws.into_iter().map(|w| joined::multiply(x, w)).collect();
    }
    let (n_tokens, _) = x.dims2()?;
    let values = x.flatten_all()?.to_vec1::<f32>()?;
    let mut ys = ws.map(|w| vec![0.0; w.out_dim * n_tokens]); // [out, T]: rows are one piece of it
    let mut tasks = vec![];
    for (w, y) in ws.into_iter().zip(&mut ys) {
        let n_tasks = (w.out_dim * w.in_dim / TASK).clamp(1, TASKS);
        let n_rows = w.out_dim.div_ceil(n_tasks).next_multiple_of(STREAMS);
        let pieces = y.chunks_mut((n_rows * n_tokens).max(1)).enumerate();
        tasks.extend(pieces.map(|(i, y)| (w, i * n_rows, y)));
    }
    let arch = pulp::Arch::new();
    let x_values = &values;
    tasks
        .into_par_iter()
        .try_for_each_init(Scratch::new, |scratch, (w, first_row, y)| {
            arch.dispatch(RowBlock {
                w,
                first_row,
                x: x_values,
                y,
                scratch,
            })
        })?;
    let products = ys.into_iter().zip(ws).map(|(y, w)| {
        let y = match n_tokens {
            0 | 1 => y,
            _ => transposed(&y, n_tokens),
        };
        Ok(Tensor::from_vec(y, (n_tokens, w.out_dim), x.device())?)
    });
    products.collect()
}

/// `[out, T]` → `[T, out]`
fn transposed(y: &[f32], n_tokens: usize) -> Vec<f32> {
    let out_dim = y.len() / n_tokens;
    let mut result = vec![0.0; y.len()];
    result
        .par_chunks_mut(out_dim)
        .enumerate()
        .for_each(|(t, result)| {
            for (value, tokens) in result.iter_mut().zip(y.chunks(n_tokens)) {
                *value = tokens[t];
            }
        });
    result
}

/// Some rows of `w` times all tokens: y[r][t] = Σₖ w[first_row + r][k] · x[t][k].
pub(super) struct RowBlock<'a> {
    pub w: &'a Matrix,
    pub first_row: usize,
    pub x: &'a [f32],     // [T, in], T ≥ 1
    pub y: &'a mut [f32], // [rows, T]
    pub scratch: &'a mut Scratch,
}

impl WithSimd for RowBlock<'_> {
    type Output = Result<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> Result<()> {
        let is_one_token = self.x.len() == self.w.in_dim;
        if is_one_token && one_token::multiply(simd, &mut self) {
            return Ok(());
        }
        many_tokens::multiply(simd, self)
    }
}

/// Group `i` of `n_rows` rows: each of its rows is the next piece of a long stretch of memory, for
/// processors guess what comes next in a few such streams, and fetch it early. The last row may come
/// several times.
#[inline(always)]
pub(super) fn far_apart<const N: usize>(i: usize, n_rows: usize) -> [usize; N] {
    let mut rows = [0; N];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = (i + r * n_rows.div_ceil(N)).min(n_rows - 1);
    }
    rows
}

#[cfg(test)]
mod tests;
