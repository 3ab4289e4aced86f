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
        let n_rows = self.y.len() / n_tokens;
        // Rows that are far apart, so that each of them is the next piece of a long stretch of
        // memory: processors guess what comes next in a few such streams, and fetch it early.
        let apart = n_rows.div_ceil(ROWS);
        for i in 0..apart {
            let mut rows = [0; ROWS];
            for r in 0..ROWS {
                rows[r] = self.first_row + (i + r * apart).min(n_rows - 1);
            }
            let mut y = Outputs {
                y: &mut self.y[i * n_tokens..],
                apart,
                n_tokens,
            };
            for start in (0..in_dim).step_by(STRETCH) {
                let len = STRETCH.min(in_dim - start);
                let x = Columns {
                    x: self.x,
                    in_dim,
                    start,
                    len,
                };
                if n_tokens == 1 && add_dots_in_place(simd, self.w, rows, x, &mut y) {
                    continue;
                }
                for r in 0..ROWS {
                    self.w
                        .widen_stretch(rows[r], start, &mut self.scratch.0[r][..len])?;
                }
                multiply(simd, self.scratch, x, &mut y);
            }
        }
        Ok(())
    }
}

/// The outputs of `ROWS` rows that lie `apart` rows from each other.
struct Outputs<'a> {
    y: &'a mut [f32], // [rows, T]
    apart: usize,
    n_tokens: usize,
}

impl Outputs<'_> {
    /// Add to the tokens `t .. t + N`. The last rows may lie behind the end, where nothing is.
    #[inline(always)]
    fn add<const N: usize>(&mut self, t: usize, dots: [[f32; N]; ROWS]) {
        for r in 0..ROWS {
            let start = r * self.apart * self.n_tokens + t;
            if let Some(y) = self.y.get_mut(start..start + N) {
                for i in 0..N {
                    y[i] += dots[r][i];
                }
            }
        }
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
}

/// Add one stretch's products to `y`, for as many tokens at a time as there are registers.
#[inline(always)]
fn multiply<S: Simd>(simd: S, w: &Scratch, x: Columns, y: &mut Outputs) {
    // of 32 vector registers 4 × 6 hold sums, 4 weights and 1 an input; of 16: 4 × 2, 4 and 1
    let most = if S::REGISTER_COUNT >= 32 { 6 } else { 2 };
    for t in (0..y.n_tokens).step_by(most) {
        match most.min(y.n_tokens - t) {
            1 => add_dots::<S, 1>(simd, w, x, t, y),
            2 => add_dots::<S, 2>(simd, w, x, t, y),
            3 => add_dots::<S, 3>(simd, w, x, t, y),
            4 => add_dots::<S, 4>(simd, w, x, t, y),
            5 => add_dots::<S, 5>(simd, w, x, t, y),
            _ => add_dots::<S, 6>(simd, w, x, t, y),
        }
    }
}

/// The tokens `t .. t + N`.
#[inline(always)]
fn add_dots<S: Simd, const N: usize>(simd: S, w: &Scratch, x: Columns, t: usize, y: &mut Outputs) {
    let mut ws = [&[] as &[f32]; ROWS];
    for r in 0..ROWS {
        ws[r] = &w.0[r][..x.len];
    }
    let mut xs = [&[] as &[f32]; N];
    for i in 0..N {
        xs[i] = x.token(t + i);
    }
    y.add(t, dots(simd, ws, xs));
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
fn add_dots_in_place<S: Simd>(
    simd: S,
    w: &Matrix,
    rows: [usize; ROWS],
    x: Columns,
    y: &mut Outputs,
) -> bool {
    let mut stored = [&[] as &[u8]; ROWS];
    for r in 0..ROWS {
        let Some(bytes) = w.stretch_bytes(rows[r], x.start, x.len) else {
            return false;
        };
        stored[r] = bytes;
    }
    let x = x.token(0);
    let dots = match w.dtype {
        GgmlDType::F32 => dots_of_blocks::<S, 128, widen::F32>(simd, stored, x),
        GgmlDType::F16 => dots_of_blocks::<S, 64, widen::F16>(simd, stored, x),
        GgmlDType::BF16 => dots_of_blocks::<S, 64, widen::BF16>(simd, stored, x),
        GgmlDType::Q8_0 => dots_of_blocks::<S, 34, widen::Q8_0>(simd, stored, x),
        GgmlDType::Q4_0 => dots_of_blocks::<S, 18, widen::Q4_0>(simd, stored, x),
        GgmlDType::Q4_1 => dots_of_blocks::<S, 20, widen::Q4_1>(simd, stored, x),
        _ => return false,
    };
    y.add(0, dots);
    true
}

/// Like [`dots`] for one token, in the same order: each block is widened where it is multiplied.
#[inline(always)]
fn dots_of_blocks<S: Simd, const B: usize, K: Block<B>>(
    simd: S,
    rows: [&[u8]; ROWS],
    x: &[f32],
) -> [[f32; 1]; ROWS] {
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
    let mut y = [[0.0]; ROWS];
    for r in 0..ROWS {
        if !x_rest.is_empty() {
            let w = K::widen(&padded(rests[r]));
            sums[r] = add_products(simd, &w, &padded(x_rest), sums[r]);
        }
        y[r] = [simd.reduce_sum_f32s(sums[r])];
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
