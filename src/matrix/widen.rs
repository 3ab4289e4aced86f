//! Stored numbers to f32, exactly: what a checkpoint stores, an f32 can hold, so nothing is lost.
//!
//! The quantised kinds store 32 numbers together: small integers `q`, and one or two f16 numbers
//! that stretch them, q · d or q · d + m. The layouts are GGML's.
//!
//! These are plain loops over arrays of a fixed size, which the compiler turns into the widest
//! vector instructions it may use: all of them, where `pulp` has found out what the machine can do.
//! For that, every function here must be inlined into `pulp`'s.
#![expect(
    clippy::needless_range_loop,
    reason = "array::map and iterator closures need not be inlined into the vector code; these are"
)]

use crate::error::Result;
use candle_core::quantized::GgmlDType;
use std::borrow::Cow;

/// How a kind of number is stored: 32 of them in `B` bytes.
pub(crate) trait Block<const B: usize> {
    fn widen(bytes: &[u8; B]) -> [f32; 32];
}

pub(crate) struct F32;
pub(crate) struct F16;
pub(crate) struct BF16;
pub(crate) struct Q8_0;
pub(crate) struct Q4_0;
pub(crate) struct Q4_1;

/// Can [`widen`] read numbers of this kind? (Q8_1 and Q8K exist only inside GGML's own kernels.)
pub(crate) fn is_readable(dtype: GgmlDType) -> bool {
    !matches!(dtype, GgmlDType::Q8_1 | GgmlDType::Q8K)
}

/// Widen pieces of `N` rows, block by block in turn, so that the memory is read in `N` streams.
/// `rows` hold exactly as many numbers as `out`, in whole blocks, all of one length.
#[inline(always)]
pub(crate) fn widen<const N: usize>(
    dtype: GgmlDType,
    rows: [&[u8]; N],
    out: [&mut [f32]; N],
) -> Result<()> {
    match dtype {
        GgmlDType::F32 => blocks::<128, F32, N>(rows, out),
        GgmlDType::F16 => blocks::<64, F16, N>(rows, out),
        GgmlDType::BF16 => blocks::<64, BF16, N>(rows, out),
        GgmlDType::Q8_0 => blocks::<34, Q8_0, N>(rows, out),
        GgmlDType::Q4_0 => blocks::<18, Q4_0, N>(rows, out),
        GgmlDType::Q4_1 => blocks::<20, Q4_1, N>(rows, out),
        _ => return with_candle(dtype, rows, out),
    }
    Ok(())
}

#[inline(always)]
fn blocks<const B: usize, K: Block<B>, const N: usize>(rows: [&[u8]; N], out: [&mut [f32]; N]) {
    let len = rows.first().map_or(0, |row| row.len() / B);
    let (blocks, rests) = blocks_of::<B, N>(rows, len);
    for k in 0..len {
        for r in 0..N {
            out[r].as_chunks_mut().0[k] = K::widen(&blocks[r][k]);
        }
    }
    for r in 0..N {
        let out = out[r].as_chunks_mut::<32>().1;
        if !out.is_empty() {
            out.copy_from_slice(&K::widen(&padded(rests[r]))[..out.len()]);
        }
    }
}

/// Each row as `len` whole blocks of `B` bytes, and the bytes that are left.
#[inline(always)]
pub(crate) fn blocks_of<const B: usize, const N: usize>(
    rows: [&[u8]; N],
    len: usize,
) -> ([&[[u8; B]]; N], [&[u8]; N]) {
    let (mut blocks, mut rests) = ([&[] as &[[u8; B]]; N], [&[] as &[u8]; N]);
    for r in 0..N {
        (blocks[r], rests[r]) = rows[r].as_chunks();
        blocks[r] = &blocks[r][..len];
    }
    (blocks, rests)
}

/// The last few items with zeros behind them: a whole block again.
#[inline(always)]
pub(crate) fn padded<T: Copy + Default, const N: usize>(rest: &[T]) -> [T; N] {
    let mut whole = [T::default(); N];
    whole[..rest.len()].copy_from_slice(rest);
    whole
}

impl Block<128> for F32 {
    #[inline(always)]
    fn widen(bytes: &[u8; 128]) -> [f32; 32] {
        let mut out = [0.0; 32];
        for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
            *out = f32::from_le_bytes(*bytes);
        }
        out
    }
}

/// A bf16 is the upper half of an f32.
impl Block<64> for BF16 {
    #[inline(always)]
    fn widen(bytes: &[u8; 64]) -> [f32; 32] {
        let mut out = [0.0; 32];
        for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
            *out = f32::from_bits((u16::from_le_bytes(*bytes) as u32) << 16);
        }
        out
    }
}

impl Block<64> for F16 {
    #[inline(always)]
    fn widen(bytes: &[u8; 64]) -> [f32; 32] {
        let mut out = [0.0; 32];
        for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
            *out = f16_to_f32(u16::from_le_bytes(*bytes));
        }
        out
    }
}

/// f16 d, then 32 signed bytes q: q · d.
impl Block<34> for Q8_0 {
    #[inline(always)]
    fn widen(bytes: &[u8; 34]) -> [f32; 32] {
        let d = factor(bytes[0], bytes[1]);
        let mut out = [0.0; 32];
        for (out, q) in out.iter_mut().zip(&bytes[2..]) {
            *out = *q as i8 as f32 * d;
        }
        out
    }
}

/// f16 d, then 16 bytes of two q each: (q - 8) · d.
impl Block<18> for Q4_0 {
    #[inline(always)]
    fn widen(bytes: &[u8; 18]) -> [f32; 32] {
        let d = factor(bytes[0], bytes[1]);
        let mut out = [0.0; 32];
        for (out, q) in out.iter_mut().zip(halves(&bytes[2..])) {
            *out = (q - 8) as f32 * d;
        }
        out
    }
}

/// f16 d, f16 m, then 16 bytes of two q each: q · d + m.
impl Block<20> for Q4_1 {
    #[inline(always)]
    fn widen(bytes: &[u8; 20]) -> [f32; 32] {
        let (factors, q) = bytes.split_at(4);
        let [d, m] = two_factors(factors);
        let mut out = [0.0; 32];
        for (out, q) in out.iter_mut().zip(halves(q)) {
            // q · d needs 15 bits of an f32's 24: it is exact, so one rounding is as good as two
            *out = (q as f32).mul_add(d, m);
        }
        out
    }
}

/// The 16 low halves of 16 bytes, then the 16 high halves.
#[inline(always)]
fn halves(bytes: &[u8]) -> [i32; 32] {
    let mut twice = [0; 32];
    twice[..16].copy_from_slice(bytes);
    twice[16..].copy_from_slice(bytes);
    let mut q = [0; 32];
    for (i, (q, byte)) in q.iter_mut().zip(twice).enumerate() {
        *q = (byte as i32 >> (i / 16 * 4)) & 15;
    }
    q
}

/// A quantised block's f16, looked up: to compute it would take longer than the rest of the block.
#[inline(always)]
fn factor(low: u8, high: u8) -> f32 {
    ALL_F16[u16::from_le_bytes([low, high]) as usize]
}

/// Two of them that lie side by side, read at once.
#[inline(always)]
fn two_factors(bytes: &[u8]) -> [f32; 2] {
    let both = bytes
        .first_chunk()
        .map_or(0, |four| u32::from_le_bytes(*four));
    [both & 0xffff, both >> 16].map(|bits| ALL_F16[bits as usize])
}

/// All the f16 numbers there are.
static ALL_F16: [f32; 1 << 16] = {
    let mut all = [0.0; 1 << 16];
    let mut bits = 0;
    while bits < all.len() {
        all[bits] = f16_to_f32(bits as u16);
        bits += 1;
    }
    all
};

/// An f16 has 5 bits of exponent where an f32 has 8: move the bits into place, and correct the
/// exponent's bias (15 instead of 127) by a multiplication, which is right for subnormals too.
#[inline(always)]
const fn f16_to_f32(bits: u16) -> f32 {
    const BIAS: f32 = f32::from_bits((127 + 127 - 15) << 23); // 2^112
    let bits = bits as u32;
    let magnitude = (bits & 0x7fff) << 13;
    let finite = (f32::from_bits(magnitude) * BIAS).to_bits();
    let special = 0x7f80_0000 | magnitude; // the largest exponent: infinity, or not a number
    let is_finite = magnitude < 0x7c00 << 13;
    f32::from_bits((if is_finite { finite } else { special }) | (bits & 0x8000) << 16)
}

/// The rarer kinds (K-quants, Q5_0, Q5_1): candle knows their layouts.
#[inline(never)]
fn with_candle<const N: usize>(
    dtype: GgmlDType,
    rows: [&[u8]; N],
    out: [&mut [f32]; N],
) -> Result<()> {
    for (bytes, out) in rows.into_iter().zip(out) {
        // candle looks at the bytes as blocks of f16 and f32 numbers, which must lie aligned
        let mut copy = vec![0u32; bytes.len().div_ceil(4)];
        let copy: &mut [u8] = &mut pulp::bytemuck::cast_slice_mut(&mut copy)[..bytes.len()];
        copy.copy_from_slice(bytes);
        let numbers = dtype.from_data(Cow::Borrowed(copy)).dequantize(out.len())?;
        out.copy_from_slice(numbers.as_slice()?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::quantized::QTensor;
    use candle_core::{Device, Tensor};

    /// Whatever candle can read, we read the same numbers, to the last bit.
    #[test]
    fn equals_candle() -> Result<()> {
        use GgmlDType::*;
        let x = Tensor::randn(0f32, 1., (3, 512), &Device::Cpu)?;
        for dtype in [
            F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2K, Q3K, Q4K, Q5K, Q6K,
        ] {
            let q = QTensor::quantize(&x, dtype)?;
            let expected = q
                .dequantize(&Device::Cpu)?
                .flatten_all()?
                .to_vec1::<f32>()?;
            let mut unaligned = vec![0];
            unaligned.extend_from_slice(&q.data()?);
            let mut found = vec![f32::NAN; expected.len()];
            widen(dtype, [&unaligned[1..]], [&mut found])?;
            let bits = |x: Vec<f32>| x.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            assert_eq!(bits(found), bits(expected), "{dtype:?}");
        }
        Ok(())
    }

    #[test]
    fn every_f16_is_exact() {
        for bits in 0..=u16::MAX {
            let (found, expected) = (f16_to_f32(bits), half::f16::from_bits(bits).to_f32());
            let same = found.to_bits() == expected.to_bits();
            assert!(
                same || found.is_nan() && expected.is_nan(),
                "{bits:04x}: {found}"
            );
        }
    }

    #[test]
    fn a_last_piece_may_be_shorter_than_a_block() -> Result<()> {
        let numbers: Vec<f32> = (0..35).map(|i| i as f32 / 4.0).collect();
        let bytes: Vec<u8> = numbers
            .iter()
            .flat_map(|x| half::bf16::from_f32(*x).to_le_bytes())
            .collect();
        let mut out = vec![0.0; 35];
        widen(GgmlDType::BF16, [&bytes], [&mut out])?;
        assert_eq!(out, numbers);
        Ok(())
    }
}
