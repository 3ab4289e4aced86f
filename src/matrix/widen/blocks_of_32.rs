//! GGML's older kinds: 32 integers q, and one or two f16 numbers that stretch them.
//!
//! q · d needs at most 19 of an f32's 24 bits, so it is exact, and q · d + m is rounded once.

use super::sixteen::{look_up, of_nibbles, stretched};
use super::{Packed, factor, part, two_factors};
use pulp::Simd;

/// q · d: f16 d, then 32 signed bytes q.
pub(crate) struct Q8_0;
/// (q - 8) · d: f16 d, then 16 bytes of two q each.
pub(crate) struct Q4_0;
/// q · d + m: f16 d, f16 m, then 16 bytes of two q each.
pub(crate) struct Q4_1;
/// (q - 16) · d: f16 d, the 32 fifth bits, then 16 bytes with the lower four bits of two q each.
pub(crate) struct Q5_0;
/// q · d + m: f16 d, f16 m, the 32 fifth bits, then 16 bytes with the lower four of two q each.
pub(crate) struct Q5_1;
/// v(q) · d, q one of 16 [`VALUES`]: f16 d, then 16 bytes of two q each.
pub(crate) struct IQ4NL;

/// NL means non-linear: close together around 0, where most weights are.
pub(super) const VALUES: [f32; 16] = [
    -127., -104., -83., -65., -49., -35., -22., -10., 1., 13., 25., 38., 53., 69., 89., 113.,
];

impl Packed<34> for Q8_0 {
    const BLOCK: usize = 32;
    type Scales = f32;

    #[inline(always)]
    fn scales(block: &[u8; 34]) -> f32 {
        factor(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 34], d: &f32, i: usize) -> [f32; 16] {
        let mut out = [0.0; 16];
        for (out, q) in out.iter_mut().zip(&block[2 + 16 * i..][..16]) {
            *out = *q as i8 as f32 * d;
        }
        out
    }
}

impl Packed<18> for Q4_0 {
    const BLOCK: usize = 32;
    type Scales = f32;

    #[inline(always)]
    fn scales(block: &[u8; 18]) -> f32 {
        factor(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 18], d: &f32, i: usize) -> [f32; 16] {
        of_nibbles(simd, part(block, 2), 4 * i, [*d, -8.0 * d])
    }
}

impl Packed<20> for Q4_1 {
    const BLOCK: usize = 32;
    type Scales = [f32; 2];

    #[inline(always)]
    fn scales(block: &[u8; 20]) -> [f32; 2] {
        two_factors(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 20], d_m: &[f32; 2], i: usize) -> [f32; 16] {
        of_nibbles(simd, part(block, 4), 4 * i, *d_m)
    }
}

impl Packed<22> for Q5_0 {
    const BLOCK: usize = 32;
    type Scales = f32;

    #[inline(always)]
    fn scales(block: &[u8; 22]) -> f32 {
        factor(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 22], d: &f32, i: usize) -> [f32; 16] {
        five_bits(part(block, 6), part(block, 2), [*d, -16.0 * d], i)
    }
}

impl Packed<24> for Q5_1 {
    const BLOCK: usize = 32;
    type Scales = [f32; 2];

    #[inline(always)]
    fn scales(block: &[u8; 24]) -> [f32; 2] {
        two_factors(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 24], d_m: &[f32; 2], i: usize) -> [f32; 16] {
        five_bits(part(block, 8), part(block, 4), *d_m, i)
    }
}

impl Packed<18> for IQ4NL {
    const BLOCK: usize = 32;
    type Scales = f32;

    #[inline(always)]
    fn scales(block: &[u8; 18]) -> f32 {
        factor(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 18], d: &f32, i: usize) -> [f32; 16] {
        values(simd, part(block, 2), 4 * i, *d)
    }
}

/// v(q) · d, where q are the four bits of each byte above the lowest `shift`.
#[inline(always)]
pub(super) fn values<S: Simd>(simd: S, bytes: [u8; 16], shift: usize, d: f32) -> [f32; 16] {
    let mut all = VALUES;
    for value in &mut all {
        *value *= d;
    }
    look_up(simd, all, bytes, shift)
}

/// q · d + m for the low halves (i = 0) or the high halves (1) of 16 bytes, each q with its bit of
/// `fifth` above.
#[inline(always)]
fn five_bits(bytes: [u8; 16], fifth: [u8; 4], d_m: [f32; 2], i: usize) -> [f32; 16] {
    let fifth = u32::from_le_bytes(fifth) >> (16 * i);
    let mut q = [0; 16];
    for (j, (q, byte)) in q.iter_mut().zip(bytes).enumerate() {
        *q = ((byte >> (4 * i)) & 15 | (((fifth >> j) & 1) << 4) as u8) as i8;
    }
    stretched(q, d_m)
}
