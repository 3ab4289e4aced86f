//! The inner loops of [`linear`](super::linear): many dot products at once.
//!
//! A few rows of weights, a stretch of columns at a time, are widened to f32 in a scratch that fits
//! in the processor's first-level cache, and there they meet all tokens: a weight travels from
//! memory once, whatever the number of tokens.
//!
//! Every output is summed in the same order whatever the number of tokens or threads: token 3 gets
//! the same numbers alone or in a prompt of 500.

use crate::{Matrix, Result};
use pulp::{Simd, WithSimd};

/// Rows that are widened together.
pub(super) const ROWS: usize = 8;
/// Columns that are widened together: a multiple of every quantised block (256 at most).
const STRETCH: usize = 512;
/// Rows that are multiplied together, each number of x being loaded once for all of them.
const TILE: usize = 4;

/// The widened weights: 16 KB of a first-level cache of 32 KB or more, aligned to its lines.
#[repr(align(64))]
pub(super) struct Scratch([[f32; STRETCH]; ROWS]);

impl Scratch {
    pub(super) fn new() -> Self {
        Scratch([[0.0; STRETCH]; ROWS])
    }
}

/// Some rows of `w` times all tokens: y[r][t] = Σ_k w[first_row + r][k] · x[t][k].
pub(super) struct RowBlock<'a> {
    pub w: &'a Matrix,
    pub first_row: usize,
    pub x: &'a [f32],     // [n_tokens, in_dim]
    pub y: &'a mut [f32], // [rows, n_tokens], zeros
    pub scratch: &'a mut Scratch,
}

impl WithSimd for RowBlock<'_> {
    type Output = Result<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Result<()> {
        let in_dim = self.w.in_dim;
        let n_tokens = self.x.len() / in_dim;
        for (i, y) in self.y.chunks_mut(ROWS * n_tokens).enumerate() {
            let row = self.first_row + i * ROWS;
            for start in (0..in_dim).step_by(STRETCH) {
                let len = STRETCH.min(in_dim - start);
                for (r, scratch) in self
                    .scratch
                    .0
                    .iter_mut()
                    .take(y.len() / n_tokens)
                    .enumerate()
                {
                    self.w.widen(row + r, start, &mut scratch[..len])?;
                }
                stretch(simd, &self.scratch.0, len, self.x, start, in_dim, y);
            }
        }
        Ok(())
    }
}

#[inline(always)]
fn stretch<S: Simd>(
    simd: S,
    w: &[[f32; STRETCH]; ROWS],
    len: usize,
    x: &[f32],
    start: usize,
    in_dim: usize,
    y: &mut [f32],
) {
    let n_tokens = x.len() / in_dim;
    // with 32 vector registers: 4 × 6 sums, 4 weights, 1 input; with 16: 4 × 2, 4, 1
    let most = if S::REGISTER_COUNT >= 32 { 6 } else { 2 };
    for t in (0..n_tokens).step_by(most) {
        let n = most.min(n_tokens - t);
        let row = |i: usize| &x[(t + i) * in_dim + start..][..len];
        for (r, y) in y.chunks_mut(TILE * n_tokens).enumerate() {
            let w: [&[f32]; TILE] = std::array::from_fn(|i| &w[r * TILE + i][..len]);
            match n {
                1 => tile::<S, 1>(simd, w, std::array::from_fn(row), &mut y[t..], n_tokens),
                2 => tile::<S, 2>(simd, w, std::array::from_fn(row), &mut y[t..], n_tokens),
                3 => tile::<S, 3>(simd, w, std::array::from_fn(row), &mut y[t..], n_tokens),
                4 => tile::<S, 4>(simd, w, std::array::from_fn(row), &mut y[t..], n_tokens),
                5 => tile::<S, 5>(simd, w, std::array::from_fn(row), &mut y[t..], n_tokens),
                _ => tile::<S, 6>(simd, w, std::array::from_fn(row), &mut y[t..], n_tokens),
            }
        }
    }
}

#[inline(always)]
fn tile<S: Simd, const N: usize>(
    simd: S,
    w: [&[f32]; TILE],
    x: [&[f32]; N],
    y: &mut [f32],
    n_tokens: usize,
) {
    let (w, w_rest) = split(simd, w);
    let (x, x_rest) = split(simd, x);
    let n = w[0].len();
    let w = w.map(|w| &w[..n]);
    let x = x.map(|x| &x[..n]);
    let mut sums = [[simd.splat_f32s(0.0); N]; TILE];
    for k in 0..n {
        let w = w.map(|w| w[k]);
        for t in 0..N {
            let x = x[t][k];
            for r in 0..TILE {
                sums[r][t] = simd.mul_add_f32s(w[r], x, sums[r][t]);
            }
        }
    }
    if !w_rest[0].is_empty() {
        let w = w_rest.map(|w| simd.partial_load_f32s(w));
        for t in 0..N {
            let x = simd.partial_load_f32s(x_rest[t]);
            for r in 0..TILE {
                sums[r][t] = simd.mul_add_f32s(w[r], x, sums[r][t]);
            }
        }
    }
    for (y, sums) in y.chunks_mut(n_tokens).zip(sums) {
        for (y, sum) in y.iter_mut().zip(sums) {
            *y += simd.reduce_sum_f32s(sum);
        }
    }
}

/// Each row as whole vectors, and the few numbers after them.
#[inline(always)]
fn split<S: Simd, const N: usize>(_: S, rows: [&[f32]; N]) -> ([&[S::f32s]; N], [&[f32]; N]) {
    let rows = rows.map(|row| S::as_simd_f32s(row));
    (rows.map(|row| row.0), rows.map(|row| row.1))
}
