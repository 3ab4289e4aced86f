//! GGML's older kinds: 32 integers q, and one or two f16 numbers that stretch them.
//!
//! q · d needs at most 19 of an f32's 24 bits, so it is exact, and q · d + m is rounded once.

use super::sixteen::{look_up, of_five_bits, of_nibbles};
use super::{Packed, Sixteen, factor, part, two_factors};
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
pub(super) const VALUES: Sixteen =
    [-127., -104., -83., -65., -49., -35., -22., -10., 1., 13., 25., 38., 53., 69., 89., 113.];

impl Packed<34, 2> for Q8_0 {
    const BLOCK: usize = 32;
    type Scales = f32;

    #[inline(always)]
    fn scales(block: &[u8; 34]) -> f32 {
        factor(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 34], d: &f32, _: usize) -> [Sixteen; 2] {
        let mut out = [[0.0; 16]; 2];
        for (out, q) in out.as_flattened_mut().iter_mut().zip(&block[2..]) {
            *out = *q as i8 as f32 * d;
        }
        out
    }
}

impl Packed<18, 2> for Q4_0 {
    const BLOCK: usize = 32;
    type Scales = f32;

    #[inline(always)]
    fn scales(block: &[u8; 18]) -> f32 {
        factor(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 18], d: &f32, _: usize) -> [Sixteen; 2] {
        two_nibbles(simd, part(block, 2), [*d, -8.0 * d])
    }
}

impl Packed<20, 2> for Q4_1 {
    const BLOCK: usize = 32;
    type Scales = [f32; 2];

    #[inline(always)]
    fn scales(block: &[u8; 20]) -> [f32; 2] {
        two_factors(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 20], d_m: &[f32; 2], _: usize) -> [Sixteen; 2] {
        two_nibbles(simd, part(block, 4), *d_m)
    }
}

impl Packed<22, 2> for Q5_0 {
    const BLOCK: usize = 32;
    type Scales = f32;

    #[inline(always)]
    fn scales(block: &[u8; 22]) -> f32 {
        factor(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 22], d: &f32, _: usize) -> [Sixteen; 2] {
        five_bits(simd, part(block, 6), part(block, 2), [*d, -16.0 * d])
    }
}

impl Packed<24, 2> for Q5_1 {
    const BLOCK: usize = 32;
    type Scales = [f32; 2];

    #[inline(always)]
    fn scales(block: &[u8; 24]) -> [f32; 2] {
        two_factors(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 24], d_m: &[f32; 2], _: usize) -> [Sixteen; 2] {
        five_bits(simd, part(block, 8), part(block, 4), *d_m)
    }
}

impl Packed<18, 2> for IQ4NL {
    const BLOCK: usize = 32;
    type Scales = f32;

    #[inline(always)]
    fn scales(block: &[u8; 18]) -> f32 {
        factor(block, 0)
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 18], d: &f32, _: usize) -> [Sixteen; 2] {
        values(simd, part(block, 2), *d)
    }
}

/// v(q) · d for the low halves of 16 bytes, and for their high halves.
#[inline(always)]
pub(super) fn values<S: Simd>(simd: S, bytes: [u8; 16], d: f32) -> [Sixteen; 2] {
    let mut all = VALUES;
    for value in &mut all {
        *value *= d;
    }
    [look_up(simd, all, bytes, 0), look_up(simd, all, bytes, 4)]
}

/// q · d + m for the low halves of 16 bytes, and for their high halves.
#[inline(always)]
fn two_nibbles<S: Simd>(simd: S, bytes: [u8; 16], d_m: [f32; 2]) -> [Sixteen; 2] {
    [of_nibbles(simd, bytes, 0, d_m), of_nibbles(simd, bytes, 4, d_m)]
}

/// The same, each q with its bit of `fifth` above.
#[inline(always)]
fn five_bits<S: Simd>(simd: S, bytes: [u8; 16], fifth: [u8; 4], d_m: [f32; 2]) -> [Sixteen; 2] {
    let fifth = u32::from_le_bytes(fifth);
    [
        of_five_bits(simd, bytes, fifth as u16, 0, d_m),
        of_five_bits(simd, bytes, (fifth >> 16) as u16, 4, d_m),
    ]
}
