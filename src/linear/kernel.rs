//! The inner loops of [`linear`](super::linear): many dot products at once.
//!
//! Four rows of weights, a stretch of columns at a time, are widened to f32 in a scratch that fits
//! in the processor's first-level cache, and there they meet all tokens. So a weight travels from
//! memory once, whatever the number of tokens, and nobody ever holds a matrix in f32. For a single
//! token even the scratch is a detour: the common kinds of numbers are multiplied as they are read.
//!
//! Each output is summed in the same order whatever the number of tokens or threads: a token gets
//! the same numbers alone as in a prompt of 500.
#![expect(
    clippy::needless_range_loop,
    reason = "array::map and iterator closures need not be inlined into the vector code; these are"
)]

use crate::widen::{self, Block, padded};
use crate::{Matrix, Result};
use candle_core::quantized::GgmlDType;
use pulp::{Simd, WithSimd};

/// Rows that are multiplied together: each number of x is loaded once for all of them.
pub(super) const ROWS: usize = 4;
/// Columns that are widened together: a multiple of every quantised block (256 at most).
const STRETCH: usize = 1024;
/// Between two rows of the scratch, so that they don't compete for the same place in the cache.
const GAP: usize = 16;

/// The widened weights, 16 KB, aligned to the cache's lines.
#[repr(align(64))]
pub(super) struct Scratch([[f32; STRETCH + GAP]; ROWS]);

impl Scratch {
    pub(super) fn new() -> Self {
        Scratch([[0.0; STRETCH + GAP]; ROWS])
    }
}

/// Some rows of `w` times all tokens: y[r][t] = Σₖ w[first_row + r][k] · x[t][k].
pub(super) struct RowBlock<'a> {
    pub w: &'a Matrix,
    pub first_row: usize,
    pub x: &'a [f32],     // [T, in], T ≥ 1
    pub y: &'a mut [f32], // [rows, T], zeros
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
                let x = Columns {
                    x: self.x,
                    in_dim,
                    start,
                    len,
                };
                if n_tokens == 1 && add_dots_in_place(simd, self.w, row, x, y) {
                    continue;
                }
                for (r, out) in self.scratch.0[..y.len() / n_tokens].iter_mut().enumerate() {
                    self.w.widen_stretch(row + r, start, &mut out[..len])?;
                }
                multiply(simd, self.scratch, x, y);
            }
        }
        Ok(())
    }
}

/// Columns `start .. start + len` of x.
#[derive(Clone, Copy)]
struct Columns<'a> {
    x: &'a [f32],
    in_dim: usize,
    start: usize,
    len: usize,
}

impl<'a> Columns<'a> {
    #[inline(always)]
    fn token(self, t: usize) -> &'a [f32] {
        &self.x[t * self.in_dim + self.start..][..self.len]
    }

    #[inline(always)]
    fn n_tokens(self) -> usize {
        self.x.len() / self.in_dim
    }
}

/// Add one stretch's products to `y`, for as many tokens at a time as there are registers.
#[inline(always)]
fn multiply<S: Simd>(simd: S, w: &Scratch, x: Columns, y: &mut [f32]) {
    // of 32 vector registers 4 × 6 hold sums, 4 weights and 1 an input; of 16: 4 × 2, 4 and 1
    let most = if S::REGISTER_COUNT >= 32 { 6 } else { 2 };
    for t in (0..x.n_tokens()).step_by(most) {
        match most.min(x.n_tokens() - t) {
            1 => add_dots::<S, 1>(simd, w, x, t, y),
            2 => add_dots::<S, 2>(simd, w, x, t, y),
            3 => add_dots::<S, 3>(simd, w, x, t, y),
            4 => add_dots::<S, 4>(simd, w, x, t, y),
            5 => add_dots::<S, 5>(simd, w, x, t, y),
            _ => add_dots::<S, 6>(simd, w, x, t, y),
        }
    }
}

/// The tokens `t .. t + N`. (At the end of a matrix, `y` may have fewer than `ROWS` rows.)
#[inline(always)]
fn add_dots<S: Simd, const N: usize>(simd: S, w: &Scratch, x: Columns, t: usize, y: &mut [f32]) {
    let mut ws = [&[] as &[f32]; ROWS];
    for r in 0..ROWS {
        ws[r] = &w.0[r][..x.len];
    }
    let mut xs = [&[] as &[f32]; N];
    for i in 0..N {
        xs[i] = x.token(t + i);
    }
    let dots = dots(simd, ws, xs);
    for (y, dots) in y.chunks_mut(x.n_tokens()).zip(&dots) {
        for (y, dot) in y[t..].iter_mut().zip(dots) {
            *y += dot;
        }
    }
}

/// `ROWS` × `N` dot products of slices of one length, all sums in registers.
#[inline(always)]
fn dots<S: Simd, const N: usize>(simd: S, w: [&[f32]; ROWS], x: [&[f32]; N]) -> [[f32; N]; ROWS] {
    let zero = simd.splat_f32s(0.0);
    let n_vectors = w[0].len() / S::F32_LANES;
    let (w, w_rest) = vectors::<S, ROWS>(w, n_vectors);
    let (x, x_rest) = vectors::<S, N>(x, n_vectors);
    let mut sums = [[zero; N]; ROWS];
    for k in 0..n_vectors {
        let mut w_k = [zero; ROWS];
        for r in 0..ROWS {
            w_k[r] = w[r][k];
        }
        for t in 0..N {
            for r in 0..ROWS {
                sums[r][t] = simd.mul_add_f32s(w_k[r], x[t][k], sums[r][t]);
            }
        }
    }
    let mut y = [[0.0; N]; ROWS];
    for r in 0..ROWS {
        for t in 0..N {
            if !w_rest[r].is_empty() {
                let (w, x) = (
                    simd.partial_load_f32s(w_rest[r]),
                    simd.partial_load_f32s(x_rest[t]),
                );
                sums[r][t] = simd.mul_add_f32s(w, x, sums[r][t]);
            }
            y[r][t] = simd.reduce_sum_f32s(sums[r][t]);
        }
    }
    y
}

/// Each slice as `n` whole vectors, and the few numbers that fill no vector.
#[inline(always)]
fn vectors<S: Simd, const N: usize>(
    slices: [&[f32]; N],
    n: usize,
) -> ([&[S::f32s]; N], [&[f32]; N]) {
    let (mut whole, mut rest) = ([&[] as &[S::f32s]; N], [&[] as &[f32]; N]);
    for i in 0..N {
        (whole[i], rest[i]) = S::as_simd_f32s(slices[i]);
        whole[i] = &whole[i][..n];
    }
    (whole, rest)
}

/// For one token: multiply the weights as they are read. False if their kind needs the scratch.
#[inline(always)]
fn add_dots_in_place<S: Simd>(simd: S, w: &Matrix, row: usize, x: Columns, y: &mut [f32]) -> bool {
    let mut rows = [&[] as &[u8]; ROWS];
    for r in 0..ROWS {
        let row = (row + r).min(w.out_dim - 1); // past the last row: its result will be dropped
        let Some(bytes) = w.stretch_bytes(row, x.start, x.len) else {
            return false;
        };
        rows[r] = bytes;
    }
    let x = x.token(0);
    let dots = match w.dtype {
        GgmlDType::F32 => dots_of_blocks::<S, 128, widen::F32>(simd, rows, x),
        GgmlDType::F16 => dots_of_blocks::<S, 64, widen::F16>(simd, rows, x),
        GgmlDType::BF16 => dots_of_blocks::<S, 64, widen::BF16>(simd, rows, x),
        GgmlDType::Q8_0 => dots_of_blocks::<S, 34, widen::Q8_0>(simd, rows, x),
        GgmlDType::Q4_0 => dots_of_blocks::<S, 18, widen::Q4_0>(simd, rows, x),
        GgmlDType::Q4_1 => dots_of_blocks::<S, 20, widen::Q4_1>(simd, rows, x),
        _ => return false,
    };
    for (y, dot) in y.iter_mut().zip(dots) {
        *y += dot;
    }
    true
}

/// Like [`dots`] for one token, in the same order: each block is widened where it is multiplied.
#[inline(always)]
fn dots_of_blocks<S: Simd, const B: usize, K: Block<B>>(
    simd: S,
    rows: [&[u8]; ROWS],
    x: &[f32],
) -> [f32; ROWS] {
    let (x, x_rest) = x.as_chunks::<32>();
    let mut blocks = [&[] as &[[u8; B]]; ROWS];
    let mut rests = [&[] as &[u8]; ROWS];
    for r in 0..ROWS {
        (blocks[r], rests[r]) = rows[r].as_chunks();
        blocks[r] = &blocks[r][..x.len()];
    }
    let mut sums = [simd.splat_f32s(0.0); ROWS];
    for (k, x) in x.iter().enumerate() {
        for r in 0..ROWS {
            sums[r] = add_products(simd, &K::widen(&blocks[r][k]), x, sums[r]);
        }
    }
    let mut y = [0.0; ROWS];
    for r in 0..ROWS {
        if !x_rest.is_empty() {
            let w = K::widen(&padded(rests[r]));
            sums[r] = add_products(simd, &w, &padded(x_rest), sums[r]);
        }
        y[r] = simd.reduce_sum_f32s(sums[r]);
    }
    y
}

#[inline(always)]
fn add_products<S: Simd>(simd: S, w: &[f32; 32], x: &[f32; 32], mut sum: S::f32s) -> S::f32s {
    let (w, x) = (S::as_simd_f32s(w).0, S::as_simd_f32s(x).0);
    for (w, x) in w.iter().zip(x) {
        sum = simd.mul_add_f32s(*w, *x, sum);
    }
    sum
}
