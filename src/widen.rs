//! Stored numbers to f32, exactly: every kind of number a checkpoint holds fits in an f32 with
//! room to spare, so nothing is rounded here.
//!
//! The quantised kinds store 32 numbers as one block: small integers `q` and one or two f16 numbers
//! that scale them, `q · d` or `q · d + m`. The layouts are GGML's.
//!
//! These loops are plain Rust. Whoever calls them inside a `pulp` dispatch has them inlined there,
//! and the compiler turns them into the widest vector instructions of the machine.

use crate::Result;
use candle_core::quantized::GgmlDType;
use std::borrow::Cow;

/// Can [`widen`] read numbers of this kind? (Q8_1 and Q8K exist only inside GGML's own kernels.)
pub(crate) fn is_readable(dtype: GgmlDType) -> bool {
    !matches!(dtype, GgmlDType::Q8_1 | GgmlDType::Q8K)
}

/// Widen `out.len()` stored numbers. `bytes` holds exactly as many, in whole blocks.
#[inline(always)]
pub(crate) fn widen(dtype: GgmlDType, bytes: &[u8], out: &mut [f32]) -> Result<()> {
    match dtype {
        GgmlDType::F32 => blocks(bytes, out, |b, out: &mut [f32; 1]| *out = [f32_le(b)]),
        GgmlDType::F16 => blocks(bytes, out, |b, out: &mut [f32; 1]| *out = [f16(*b)]),
        GgmlDType::BF16 => blocks(bytes, out, |b, out: &mut [f32; 1]| *out = [bf16(*b)]),
        GgmlDType::Q8_0 => blocks(bytes, out, q8_0),
        GgmlDType::Q4_0 => blocks(bytes, out, q4_0),
        GgmlDType::Q4_1 => blocks(bytes, out, q4_1),
        _ => return with_candle(dtype, bytes, out),
    }
    Ok(())
}

/// Apply `block` to every block: `B` bytes that hold `N` numbers.
#[inline(always)]
fn blocks<const B: usize, const N: usize>(
    bytes: &[u8],
    out: &mut [f32],
    block: impl Fn(&[u8; B], &mut [f32; N]),
) {
    let (bytes, out) = (bytes.as_chunks().0, out.as_chunks_mut().0);
    for (bytes, out) in bytes.iter().zip(out) {
        block(bytes, out);
    }
}

#[inline(always)]
fn f32_le(bytes: &[u8; 4]) -> f32 {
    f32::from_le_bytes(*bytes)
}

/// A bf16 is the upper half of an f32.
#[inline(always)]
fn bf16(bytes: [u8; 2]) -> f32 {
    f32::from_bits((u16::from_le_bytes(bytes) as u32) << 16)
}

/// An f16 has 5 bits of exponent where an f32 has 8: move the bits into place, and correct the
/// exponent's bias (15 instead of 127) by a multiplication, which is right for subnormals too.
#[inline(always)]
fn f16(bytes: [u8; 2]) -> f32 {
    const BIAS: f32 = f32::from_bits((127 + 127 - 15) << 23); // 2^112
    let bits = u16::from_le_bytes(bytes) as u32;
    let magnitude = (bits & 0x7fff) << 13;
    let finite = (f32::from_bits(magnitude) * BIAS).to_bits();
    let special = 0x7f80_0000 | magnitude; // the largest exponent: infinity, or not a number
    let is_finite = magnitude < 0x7c00 << 13;
    f32::from_bits((if is_finite { finite } else { special }) | (bits & 0x8000) << 16)
}

/// f16 d, then 32 signed bytes.
#[inline(always)]
fn q8_0(bytes: &[u8; 34], out: &mut [f32; 32]) {
    let d = f16([bytes[0], bytes[1]]);
    for (out, q) in out.iter_mut().zip(&bytes[2..]) {
        *out = *q as i8 as f32 * d;
    }
}

/// f16 d, then 16 bytes: numbers 0 to 15 in the low halves, 16 to 31 in the high halves.
#[inline(always)]
fn q4_0(bytes: &[u8; 18], out: &mut [f32; 32]) {
    let d = f16([bytes[0], bytes[1]]);
    for (i, q) in bytes[2..].iter().enumerate() {
        out[i] = ((q & 15) as i32 - 8) as f32 * d;
        out[i + 16] = ((q >> 4) as i32 - 8) as f32 * d;
    }
}

/// f16 d, f16 m, then 16 bytes as in Q4_0, but without the offset of 8: `m` takes its place.
#[inline(always)]
fn q4_1(bytes: &[u8; 20], out: &mut [f32; 32]) {
    let d = f16([bytes[0], bytes[1]]);
    let m = f16([bytes[2], bytes[3]]);
    for (i, q) in bytes[4..].iter().enumerate() {
        out[i] = (q & 15) as i32 as f32 * d + m;
        out[i + 16] = (q >> 4) as i32 as f32 * d + m;
    }
}

/// The rarer kinds (K-quants, Q5_0, Q5_1): candle knows their layouts.
#[inline(never)]
fn with_candle(dtype: GgmlDType, bytes: &[u8], out: &mut [f32]) -> Result<()> {
    // candle looks at the bytes as blocks of f16 and f32 numbers, which must lie aligned
    let mut copy = vec![0u32; bytes.len().div_ceil(4)];
    let copy: &mut [u8] = &mut pulp::bytemuck::cast_slice_mut(&mut copy)[..bytes.len()];
    copy.copy_from_slice(bytes);
    let numbers = dtype.from_data(Cow::Borrowed(copy)).dequantize(out.len())?;
    out.copy_from_slice(numbers.as_slice()?);
    Ok(())
}
