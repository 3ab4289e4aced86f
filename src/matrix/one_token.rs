//! One token: the limit is the memory, so the weights are multiplied as they are read.

use super::product::{RowBlock, far_apart};
use super::widen::{self, Block, blocks_of, padded};
use candle_core::quantized::GgmlDType;
use pulp::Simd;

/// Rows that are read side by side: enough streams to keep the memory busy.
pub(super) const STREAMS: usize = 8;

/// Does nothing and returns false if the weights are of one of the rarer kinds, or random.
#[inline(always)]
pub(super) fn multiply<S: Simd>(simd: S, block: &mut RowBlock) -> bool {
    let n_rows = block.y.len();
    for i in 0..n_rows.div_ceil(STREAMS) {
        let rows = far_apart::<STREAMS>(i, n_rows);
        let mut stored = [&[] as &[u8]; STREAMS];
        for r in 0..STREAMS {
            stored[r] = block.w.row_bytes(block.first_row + rows[r]);
        }
        let Some(dots) = dots(simd, block.w.dtype, stored, block.x) else {
            return false;
        };
        for r in 0..STREAMS {
            block.y[rows[r]] = dots[r];
        }
    }
    true
}

#[inline(always)]
fn dots<S: Simd>(
    simd: S,
    dtype: GgmlDType,
    rows: [&[u8]; STREAMS],
    x: &[f32],
) -> Option<[f32; STREAMS]> {
    if rows[0].is_empty() {
        return None;
    }
    Some(match dtype {
        GgmlDType::F32 => dots_of_blocks::<S, 128, widen::F32>(simd, rows, x),
        GgmlDType::F16 => dots_of_blocks::<S, 64, widen::F16>(simd, rows, x),
        GgmlDType::BF16 => dots_of_blocks::<S, 64, widen::BF16>(simd, rows, x),
        GgmlDType::Q8_0 => dots_of_blocks::<S, 34, widen::Q8_0>(simd, rows, x),
        GgmlDType::Q4_0 => dots_of_blocks::<S, 18, widen::Q4_0>(simd, rows, x),
        GgmlDType::Q4_1 => dots_of_blocks::<S, 20, widen::Q4_1>(simd, rows, x),
        _ => return None,
    })
}

/// The dot products of stored rows with x: each block is widened where it is multiplied.
#[inline(always)]
fn dots_of_blocks<S: Simd, const B: usize, K: Block<B>>(
    simd: S,
    rows: [&[u8]; STREAMS],
    x: &[f32],
) -> [f32; STREAMS] {
    let (x, x_rest) = x.as_chunks::<32>();
    let (blocks, rests) = blocks_of::<B, STREAMS>(rows, x.len());
    let mut sums = [simd.splat_f32s(0.0); STREAMS];
    for (k, x) in x.iter().enumerate() {
        for r in 0..STREAMS {
            sums[r] = add_block(simd, &K::widen(&blocks[r][k]), x, sums[r]);
        }
    }
    let mut y = [0.0; STREAMS];
    for r in 0..STREAMS {
        if !x_rest.is_empty() {
            let w = K::widen(&padded(rests[r]));
            sums[r] = add_block(simd, &w, &padded(x_rest), sums[r]);
        }
        y[r] = simd.reduce_sum_f32s(sums[r]);
    }
    y
}

#[inline(always)]
fn add_block<S: Simd>(simd: S, w: &[f32; 32], x: &[f32; 32], mut sum: S::f32s) -> S::f32s {
    let (w, x) = (S::as_simd_f32s(w).0, S::as_simd_f32s(x).0);
    for (w, x) in w.iter().zip(x) {
        sum = simd.mul_add_f32s(*w, *x, sum);
    }
    sum
}
