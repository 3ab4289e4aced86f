//! One token: the limit is the memory, so the weights are multiplied as they are read.
//!
//! ```text
//! for i in 0..out {
//!     y[i] = 0
//!     for k in 0..in { y[i] += w[i][k] * x[k] }
//! }
//! ```
//!
//! Every weight is used once. It has to come from memory, which takes far longer than to multiply it
//! (2 flops for 2 bytes of bf16, half a byte of Q4): what counts is that the next bytes are already
//! on their way. So this kernel differs from the loop in four ways:
//!
//! 1. **Eight rows at a time**, far apart in memory. The hardware prefetcher recognises each as a
//!    stream that is read from front to back, and fetches what comes next before it is asked for.
//! 2. **Widened where it is multiplied**: 16 weights become f32 in a register and are used there. A
//!    matrix in f32 would have to be written to memory and read again, 4 bytes a weight each time.
//! 3. **SIMD lanes**: y[i] is not one sum but as many as a vector register has lanes, added at the end.
//! 4. **Sums that do not wait for each other**: an addition takes four cycles, and eight rows have
//!    eight of them under way.

use super::kind::ForKind;
use super::product::{Task, stream_rows};
use super::widen::{Packed, Sixteen, blocks_of, last_piece};
use pulp::Simd;

/// Rows that are read side by side: enough streams to keep the memory busy.
pub(super) const STREAMS: usize = 8;

/// The rows of a [`Task`] times one token.
pub(super) struct OneToken<'a, S> {
    pub simd: S,
    pub task: Task<'a>,
}

impl<S: Simd> ForKind for OneToken<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<const BYTES: usize, const N: usize, P: Packed<BYTES, N>>(self) {
        let Task { w, first_row, x, y } = self.task;
        let (n_rows, x) = (y.len(), x.columns(0, 0, w.in_dim));
        for i in 0..n_rows.div_ceil(STREAMS) {
            let rows = stream_rows::<STREAMS>(i, n_rows);
            let mut stored = [&[] as &[u8]; STREAMS];
            for r in 0..STREAMS {
                stored[r] = w.stored(first_row + rows[r], 0, w.in_dim);
            }
            let dots = dots::<S, BYTES, N, P>(self.simd, stored, x);
            for r in 0..STREAMS {
                y[rows[r]] = dots[r];
            }
        }
    }
}

/// The dot products of stored rows with x.
#[inline(always)]
fn dots<S: Simd, const BYTES: usize, const N: usize, P: Packed<BYTES, N>>(
    simd: S,
    rows: [&[u8]; STREAMS],
    x: &[f32],
) -> [f32; STREAMS] {
    let n_blocks = x.len() / P::NUMBERS;
    let (x, x_rest) = x.split_at(n_blocks * P::NUMBERS);
    let (blocks, rests) = blocks_of::<BYTES, STREAMS>(rows, n_blocks);
    let mut sums = [simd.splat_f32s(0.0); STREAMS];
    for k in 0..n_blocks {
        let x = x[k * P::NUMBERS..][..P::NUMBERS].as_chunks().0.as_chunks::<N>().0;
        for r in 0..STREAMS {
            let scales = P::scales(&blocks[r][k]);
            for (i, x) in x.iter().enumerate() {
                let w = P::widen(simd, &blocks[r][k], &scales, i);
                sums[r] = add_products(simd, &w, x, sums[r]);
            }
        }
    }
    let mut y = [0.0; STREAMS];
    for r in 0..STREAMS {
        if !x_rest.is_empty() {
            let mut x = [[0.0; 16]; N];
            x.as_flattened_mut()[..x_rest.len()].copy_from_slice(x_rest);
            let w = last_piece::<S, BYTES, N, P>(simd, rests[r]);
            sums[r] = add_products(simd, &w, &x, sums[r]);
        }
        y[r] = simd.reduce_sum_f32s(sums[r]);
    }
    y
}

#[inline(always)]
fn add_products<S: Simd, const N: usize>(
    simd: S,
    w: &[Sixteen; N],
    x: &[Sixteen; N],
    mut sum: S::f32s,
) -> S::f32s {
    for (w, x) in w.iter().zip(x) {
        let (w, x) = (S::as_simd_f32s(w).0, S::as_simd_f32s(x).0);
        for (w, x) in w.iter().zip(x) {
            sum = simd.mul_add_f32s(*w, *x, sum);
        }
    }
    sum
}
