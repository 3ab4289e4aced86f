//! GGML's older kinds: 32 integers q, and one or two f16 numbers that stretch them.
//!
//! q · d needs at most 19 of an f32's 24 bits, so it is exact.

use super::{Packed, factor, part, two_factors};

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

impl Packed<34> for Q8_0 {
    const BLOCK: usize = 32;
    type Scales = f32;

    #[inline(always)]
    fn scales(block: &[u8; 34]) -> f32 {
        factor(block, 0)
    }

    #[inline(always)]
    fn widen(block: &[u8; 34], d: &f32, _: usize) -> [f32; 32] {
        let mut out = [0.0; 32];
        for (out, q) in out.iter_mut().zip(&block[2..]) {
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
    fn widen(block: &[u8; 18], d: &f32, _: usize) -> [f32; 32] {
        let mut out = [0.0; 32];
        for (out, q) in out.iter_mut().zip(nibbles(part(block, 2))) {
            *out = (q - 8) as f32 * d;
        }
        out
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
    fn widen(block: &[u8; 20], [d, m]: &[f32; 2], _: usize) -> [f32; 32] {
        let mut out = [0.0; 32];
        for (out, q) in out.iter_mut().zip(nibbles(part(block, 4))) {
            *out = (q as f32).mul_add(*d, *m); // q · d is exact: one rounding is as good as two
        }
        out
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
    fn widen(block: &[u8; 22], d: &f32, _: usize) -> [f32; 32] {
        let mut out = [0.0; 32];
        let q = nibbles_and_fifth_bits(part(block, 6), part(block, 2));
        for (out, q) in out.iter_mut().zip(q) {
            *out = (q - 16) as f32 * d;
        }
        out
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
    fn widen(block: &[u8; 24], [d, m]: &[f32; 2], _: usize) -> [f32; 32] {
        let mut out = [0.0; 32];
        let q = nibbles_and_fifth_bits(part(block, 8), part(block, 4));
        for (out, q) in out.iter_mut().zip(q) {
            *out = (q as f32).mul_add(*d, *m);
        }
        out
    }
}

/// The low halves of 16 bytes, then their high halves.
#[inline(always)]
fn nibbles(bytes: [u8; 16]) -> [i32; 32] {
    let mut twice = [0; 32];
    twice[..16].copy_from_slice(&bytes);
    twice[16..].copy_from_slice(&bytes);
    let mut q = [0; 32];
    for (i, (q, byte)) in q.iter_mut().zip(twice).enumerate() {
        *q = (byte as i32 >> (i / 16 * 4)) & 15;
    }
    q
}

/// The same, with bit i of `fifth` above number i.
#[inline(always)]
fn nibbles_and_fifth_bits(bytes: [u8; 16], fifth: [u8; 4]) -> [i32; 32] {
    let (mut q, fifth) = (nibbles(bytes), u32::from_le_bytes(fifth));
    for (i, q) in q.iter_mut().enumerate() {
        *q |= (((fifth >> i) & 1) << 4) as i32;
    }
    q
}
