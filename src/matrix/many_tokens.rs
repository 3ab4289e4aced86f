//! Many tokens: the limit is arithmetic, so a weight is widened once for all of them.
//!
//! ```text
//! for i in 0..out {
//!     for t in 0..T {
//!         y[i][t] = 0
//!         for k in 0..in { y[i][t] += w[i][k] * x[t][k] }
//!     }
//! }
//! ```
//!
//! Every weight is used T times, so what counts is that the multipliers always have something to do.
//! This kernel differs from the loop in six ways:
//!
//! 1. **A stretch of 512 columns at a time** (loop tiling, cache blocking). Eight rows of it are
//!    widened to f32 into a scratch of 16 KB, which stays in the first-level cache while all tokens
//!    meet it. So a weight travels from memory once, and nobody ever holds a matrix in f32.
//! 2. **A register tile**: 8 rows × 3 tokens are summed together, in 24 vector registers. Each number
//!    that is loaded meets several others there: 11 loads for 24 multiplications instead of 48. The
//!    tile is longer in rows, whose scratch is near, than in tokens, which come from the second-level
//!    cache.
//! 3. **SIMD lanes**: a sum is a vector register, whose lanes are added at the end. Its additions come
//!    in the same order as for [one token](super::one_token), so both give the same numbers.
//! 4. **Software prefetch**: while the tokens are multiplied, the processor is asked for the next
//!    stretch of the eight rows, which lies where no hardware prefetcher expects it.
//! 5. **x laid out again** before all else, the tokens of a stretch next to each other (packing): as
//!    they come, they lie a whole row apart, each on a memory page of its own.
//! 6. **A gap between rows**, of the scratch and of x: were they a power of two apart, their columns
//!    would all want the same few places in the cache (a cache-set conflict).

#![expect(
    clippy::needless_range_loop,
    reason = "array::map and iterator closures need not be inlined into the vector code; these are"
)]

use super::product::{Task, stream_rows};
use pulp::Simd;
use rayon::prelude::*;

/// Rows that are multiplied together: each number of x is loaded once for all of them.
const ROWS: usize = 8;
/// Columns that are widened together: a multiple of every quantised block (256 at most).
const STRETCH: usize = 512;
/// Bytes of each row that are fetched while a stretch is multiplied: the next stretch, in bf16.
const AHEAD: usize = 2 * STRETCH;
/// Between two rows of the scratch or of x, so that they fall into different sets of the cache.
const GAP: usize = 16;

/// A thread's own memory, aligned to the cache's lines.
#[repr(align(64))]
pub(super) struct Scratch {
    /// The widened weights, 16 KB.
    w: Widened,
    /// The sums so far, a vector register for every token and row: `[T, ROWS, lanes]`.
    sums: Vec<f32>,
}

type Widened = [[f32; STRETCH + GAP]; ROWS];

impl Scratch {
    pub(super) fn new() -> Self {
        Scratch { w: [[0.0; STRETCH + GAP]; ROWS], sums: vec![] }
    }
}

#[inline(always)]
pub(super) fn multiply<S: Simd>(simd: S, task: Task, scratch: &mut Scratch) {
    let Task { w, first_row, x, y } = task;
    let Scratch { w: widened, sums } = scratch;
    let (in_dim, n_tokens) = (w.in_dim, x.n_tokens);
    let n_rows = y.len() / n_tokens;
    for i in 0..n_rows.div_ceil(ROWS) {
        let rows = stream_rows::<ROWS>(i, n_rows);
        let stored = rows.map(|row| first_row + row);
        sums.clear();
        sums.resize(n_tokens * ROWS * S::F32_LANES, 0.0);
        let (sums, _) = S::as_mut_simd_f32s(sums);
        for start in (0..in_dim).step_by(STRETCH) {
            let len = STRETCH.min(in_dim - start);
            let out = widened.each_mut().map(|row| &mut row[..len]);
            w.widen_stretch(simd, stored, start, out);
            let x = Columns { x, start, len };
            let mut ahead = [&[] as &[u8]; ROWS];
            for r in 0..ROWS {
                ahead[r] = w.stored_from(stored[r], start + len);
            }
            add_stretch(simd, widened, x, ahead, sums);
        }
        for (t, sums) in sums.as_chunks::<ROWS>().0.iter().enumerate() {
            for r in 0..ROWS {
                y[rows[r] * n_tokens + t] = simd.reduce_sum_f32s(sums[r]);
            }
        }
    }
}

/// x as the kernels read it, the tokens of a stretch next to each other: `[stretches, T, STRETCH]`,
/// with a gap after each row. It is aligned to the cache's lines, so that no load needs two.
pub(super) struct Inputs {
    pub n_tokens: usize,
    numbers: Vec<f32>,
    first: usize,
    row: usize,
}

impl Inputs {
    /// x `[T, in]`
    pub(super) fn new(x: &[f32], in_dim: usize) -> Self {
        let n_tokens = x.len() / in_dim;
        let row = if n_tokens == 1 { STRETCH } else { STRETCH + GAP };
        let n_stretches = in_dim.div_ceil(STRETCH);
        let mut numbers = vec![0.0; n_stretches * n_tokens * row + GAP];
        let first = numbers.as_ptr().align_offset(64).min(GAP);
        let size = (n_tokens * row).max(1);
        let stretches = numbers[first..].par_chunks_mut(size).take(n_stretches).enumerate();
        stretches.with_min_len((1 << 15) / size).for_each(|(i, stretch)| {
            for (to, x) in stretch.chunks_mut(row).zip(x.chunks(in_dim)) {
                let from = &x[i * STRETCH..in_dim.min((i + 1) * STRETCH)];
                to[..from.len()].copy_from_slice(from);
            }
        });
        Inputs { n_tokens, numbers, first, row }
    }

    /// Columns `start .. start + len` of token `t`: within a stretch, or any of a single token.
    #[inline(always)]
    pub(super) fn columns(&self, t: usize, start: usize, len: usize) -> &[f32] {
        &self.numbers[self.first + (start / STRETCH * self.n_tokens + t) * self.row..][..len]
    }
}

/// Columns `start .. start + len` of x.
#[derive(Clone, Copy)]
struct Columns<'a> {
    x: &'a Inputs,
    start: usize,
    len: usize,
}

impl<'a> Columns<'a> {
    #[inline(always)]
    fn token(self, t: usize) -> &'a [f32] {
        self.x.columns(t, self.start, self.len)
    }
}

/// Add one stretch's products to `sums`, `[T, ROWS]`, for as many tokens at a time as there are
/// registers. Each time, a share of what lies `ahead` in the rows is fetched.
#[inline(always)]
fn add_stretch<S: Simd>(
    simd: S,
    w: &Widened,
    x: Columns,
    ahead: [&[u8]; ROWS],
    sums: &mut [S::f32s],
) {
    // of 32 vector registers 8 × 3 hold sums, 3 inputs and 1 a weight; of 16: 8 × 1, 1 and 1
    let most = if S::REGISTER_COUNT >= 32 { 3 } else { 1 };
    let share = AHEAD.div_ceil((sums.len() / ROWS).div_ceil(most));
    for (i, sums) in sums.chunks_mut(most * ROWS).enumerate() {
        let t = i * most;
        for r in 0..ROWS {
            fetch(ahead[r].get(i * share..).unwrap_or_default(), share);
        }
        match sums.len() / ROWS {
            1 => add_products::<S, 1>(simd, w, x, t, sums),
            2 => add_products::<S, 2>(simd, w, x, t, sums),
            _ => add_products::<S, 3>(simd, w, x, t, sums),
        }
    }
}

/// The register tile: add the products of `N` tokens from `t` on to their sums, `[N, ROWS]`.
///
/// > Rust: `const N: usize` makes a function of its own of each number of tokens, in which the loops
/// > over them are written out and `own` needs no memory: its 8 × N vectors are registers.
#[inline(always)]
fn add_products<S: Simd, const N: usize>(
    simd: S,
    w: &Widened,
    x: Columns,
    t: usize,
    sums: &mut [S::f32s],
) {
    let (mut ws, mut xs) = ([&[] as &[f32]; ROWS], [&[] as &[f32]; N]);
    for r in 0..ROWS {
        ws[r] = &w[r][..x.len];
    }
    for i in 0..N {
        xs[i] = x.token(t + i);
    }
    let n_vectors = x.len / S::F32_LANES;
    let (w, w_rest) = vectors::<S, ROWS>(ws, n_vectors);
    let (x, x_rest) = vectors::<S, N>(xs, n_vectors);
    let mut own = [[simd.splat_f32s(0.0); ROWS]; N];
    own.copy_from_slice(sums.as_chunks().0);
    for k in 0..n_vectors {
        for i in 0..N {
            for r in 0..ROWS {
                own[i][r] = simd.mul_add_f32s(w[r][k], x[i][k], own[i][r]);
            }
        }
    }
    if !w_rest[0].is_empty() {
        for i in 0..N {
            let x = simd.partial_load_f32s(x_rest[i]);
            for r in 0..ROWS {
                let w = simd.partial_load_f32s(w_rest[r]);
                own[i][r] = simd.mul_add_f32s(w, x, own[i][r]);
            }
        }
    }
    sums.as_chunks_mut().0.copy_from_slice(&own);
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

/// Software prefetch: asks the processor to bring the first `n` of these bytes into its cache, without
/// waiting for them.
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables))]
fn fetch(bytes: &[u8], n: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes[..n.min(bytes.len())].chunks(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which reads nothing that the program can see and never faults; every
        // x86-64 processor has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}
