//! Numbers that stand for themselves.

use super::{Packed, Sixteen, part, sixteen};
use pulp::Simd;

/// 32 numbers of four bytes: already what we want.
pub(crate) struct F32;
/// Two bytes a number, IEEE's half precision: 5 bits of exponent, 10 of fraction.
pub(crate) struct F16;
/// Two bytes a number, the upper half of an f32: 8 bits of exponent, 7 of fraction.
pub(crate) struct BF16;

impl Packed<128, 2> for F32 {
    const BLOCK: usize = 1;
    type Scales = ();

    #[inline(always)]
    fn scales(_: &[u8; 128]) {}

    #[inline(always)]
    fn widen<S: Simd>(_: S, bytes: &[u8; 128], _: &(), _: usize) -> [Sixteen; 2] {
        let mut out = [[0.0; 16]; 2];
        for (out, bytes) in out.as_flattened_mut().iter_mut().zip(bytes.as_chunks().0) {
            *out = f32::from_le_bytes(*bytes);
        }
        out
    }
}

impl Packed<64, 2> for BF16 {
    const BLOCK: usize = 1;
    type Scales = ();

    #[inline(always)]
    fn scales(_: &[u8; 64]) {}

    #[inline(always)]
    fn widen<S: Simd>(_: S, bytes: &[u8; 64], _: &(), _: usize) -> [Sixteen; 2] {
        let mut out = [[0.0; 16]; 2];
        for (out, bytes) in out.as_flattened_mut().iter_mut().zip(bytes.as_chunks().0) {
            *out = f32::from_bits((u16::from_le_bytes(*bytes) as u32) << 16);
        }
        out
    }
}

impl Packed<64, 2> for F16 {
    const BLOCK: usize = 1;
    type Scales = ();

    #[inline(always)]
    fn scales(_: &[u8; 64]) {}

    #[inline(always)]
    fn widen<S: Simd>(simd: S, bytes: &[u8; 64], _: &(), _: usize) -> [Sixteen; 2] {
        [sixteen::of_f16(simd, part(bytes, 0)), sixteen::of_f16(simd, part(bytes, 32))]
    }
}

/// An f16 has 5 bits of exponent where an f32 has 8: move the bits into place, and correct the
/// exponent's bias (15 instead of 127) by a multiplication, which is right for subnormals too.
#[inline(always)]
pub(super) const fn f16_to_f32(bits: u16) -> f32 {
    const BIAS: f32 = f32::from_bits((127 + 127 - 15) << 23); // 2^112
    let bits = bits as u32;
    let magnitude = (bits & 0x7fff) << 13;
    let finite = (f32::from_bits(magnitude) * BIAS).to_bits();
    let special = 0x7f80_0000 | magnitude; // the largest exponent: infinity, or not a number
    let is_finite = magnitude < 0x7c00 << 13;
    f32::from_bits((if is_finite { finite } else { special }) | (bits & 0x8000) << 16)
}
