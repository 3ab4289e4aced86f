//! The K-quants: 256 integers q in a block, with a scale for every 32 or 16 of them. The scales are
//! integers too, and one or two f16 numbers stretch all of them.
//!
//! The bits of several sixteens lie in the same bytes: they are taken apart by shifting, all lanes at
//! once.

use super::sixteen::{of_nibbles, stretched};
use super::{Packed, Sixteen, blocks_of_32, factor, part, two_factors};
use pulp::Simd;
use std::hint::black_box; // keeps scales in memory: to load one into all lanes is free, to move it is not

/// q · d·s - e·t, q of 2 bits. 16 bytes of two 4-bit scales each (s low, t high; for 16 numbers),
/// 64 bytes of four q each, f16 d, f16 e.
pub(crate) struct Q2K;
/// (q - 4) · d·(s - 32), q of 3 bits. 32 bytes with the third bits of q, 64 bytes with the lower two
/// of four q each, 12 bytes of 6-bit scales s (for 16 numbers), f16 d.
pub(crate) struct Q3K;
/// q · d·s - e·t, q of 4 bits. f16 d, f16 e, 12 bytes of 6-bit scales s and t (for 32 numbers), 128
/// bytes of two q each.
pub(crate) struct Q4K;
/// As Q4K with q of 5 bits: before the 128 bytes, 32 bytes with the fifth bits.
pub(crate) struct Q5K;
/// (q - 32) · d·s, q of 6 bits. 128 bytes with the lower four bits of two q each, 64 bytes with the
/// upper two of four q each, 16 signed bytes s (for 16 numbers), f16 d.
pub(crate) struct Q6K;
/// v(q) · d·(s - 32), the values of [`IQ4NL`](super::blocks_of_32::IQ4NL). f16 d, 2 bytes with the
/// upper two bits of eight s (for 32 numbers), 4 bytes with their lower four, 128 bytes of two q each.
pub(crate) struct IQ4XS;

/// What stretches each sixteen, q · d + m: the sixteen d, and the sixteen m.
type Sixteens = [Sixteen; 2];
/// The same for each 32.
type Pairs = [[f32; 8]; 2];

impl Packed<84, 8> for Q2K {
    const BLOCK: usize = 256;
    const PIECES: usize = 2;
    type Scales = Sixteens;

    #[inline(always)]
    fn scales(block: &[u8; 84]) -> Sixteens {
        let [d, e] = two_factors(block, 80);
        let mut scales = [[0.0; 16]; 2];
        for (j, byte) in block[..16].iter().enumerate() {
            scales[0][j] = d * (byte & 15) as f32;
            scales[1][j] = -e * (byte >> 4) as f32;
        }
        black_box(scales)
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 84], [d, m]: &Sixteens, i: usize) -> [Sixteen; 8] {
        let mut out = [[0.0; 16]; 8];
        for (j, out) in out.iter_mut().enumerate() {
            let mut q: [u8; 16] = part(block, 16 + 32 * i + j % 2 * 16);
            for q in &mut q {
                *q = *q >> (j / 2 * 2) & 3;
            }
            *out = stretched(q, [d[8 * i + j], m[8 * i + j]]);
        }
        out
    }
}

impl Packed<110, 8> for Q3K {
    const BLOCK: usize = 256;
    const PIECES: usize = 2;
    type Scales = Sixteens;

    #[inline(always)]
    fn scales(block: &[u8; 110]) -> Sixteens {
        let low = u64::from_le_bytes(part(block, 96));
        let high = u32::from_le_bytes(part(block, 104)) as u64;
        let two = high | (high >> 2) << 32; // of the eight s₀ … s₇, and above them those of s₈ … s₁₅
        let first = low & (EACH_BYTE * 15) | (two & (EACH_BYTE * 3)) << 4;
        let last = low >> 4 & (EACH_BYTE * 15) | two & (EACH_BYTE * 0x30);
        let d = factor(block, 108);
        let (first, last) = (first.to_le_bytes(), last.to_le_bytes());
        let mut scales = [0.0; 16];
        for j in 0..8 {
            scales[j] = d * (first[j] as i8 - 32) as f32;
            scales[j + 8] = d * (last[j] as i8 - 32) as f32;
        }
        with_offset(scales, -4.0)
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 110], [d, m]: &Sixteens, i: usize) -> [Sixteen; 8] {
        let mut out = [[0.0; 16]; 8];
        for (j, out) in out.iter_mut().enumerate() {
            let mut q: [u8; 16] = part(block, 32 + 32 * i + j % 2 * 16);
            let third: [u8; 16] = part(block, j % 2 * 16);
            for (q, third) in q.iter_mut().zip(third) {
                *q = (*q >> (j / 2 * 2)) & 3 | ((third >> (4 * i) >> (j / 2)) & 1) << 2;
            }
            *out = stretched(q, [d[8 * i + j], m[8 * i + j]]);
        }
        out
    }
}

impl Packed<144, 4> for Q4K {
    const BLOCK: usize = 256;
    const PIECES: usize = 4;
    type Scales = Pairs;

    #[inline(always)]
    fn scales(block: &[u8; 144]) -> Pairs {
        six_bit_scales(two_factors(block, 0), part(block, 4))
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 144], [d, m]: &Pairs, i: usize) -> [Sixteen; 4] {
        let mut out = [[0.0; 16]; 4];
        for (j, out) in out.iter_mut().enumerate() {
            let (bytes, pair) = (part(block, 16 + 32 * i + j % 2 * 16), 2 * i + j / 2);
            *out = of_nibbles(simd, bytes, j / 2 * 4, [d[pair], m[pair]]);
        }
        out
    }
}

impl Packed<176, 8> for Q5K {
    const BLOCK: usize = 256;
    const PIECES: usize = 2;
    type Scales = Pairs;

    #[inline(always)]
    fn scales(block: &[u8; 176]) -> Pairs {
        six_bit_scales(two_factors(block, 0), part(block, 4))
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 176], [d, m]: &Pairs, i: usize) -> [Sixteen; 8] {
        let mut out = [[0.0; 16]; 8];
        for (j, out) in out.iter_mut().enumerate() {
            let mut q: [u8; 16] = part(block, 48 + 64 * i + j / 4 * 32 + j % 2 * 16);
            let fifth: [u8; 16] = part(block, 16 + j % 2 * 16);
            for (q, fifth) in q.iter_mut().zip(fifth) {
                *q = (*q >> (j % 4 / 2 * 4)) & 15 | ((fifth >> (4 * i) >> (j / 2)) & 1) << 4;
            }
            *out = stretched(q, [d[4 * i + j / 2], m[4 * i + j / 2]]);
        }
        out
    }
}

impl Packed<210, 8> for Q6K {
    const BLOCK: usize = 256;
    const PIECES: usize = 2;
    type Scales = Sixteens;

    #[inline(always)]
    fn scales(block: &[u8; 210]) -> Sixteens {
        let d = factor(block, 208);
        let mut scales = [0.0; 16];
        for (scale, s) in scales.iter_mut().zip(&block[192..208]) {
            *scale = d * (*s as i8) as f32;
        }
        with_offset(scales, -32.0)
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 210], [d, m]: &Sixteens, i: usize) -> [Sixteen; 8] {
        let mut out = [[0.0; 16]; 8];
        for (j, out) in out.iter_mut().enumerate() {
            let mut q: [u8; 16] = part(block, 64 * i + j % 4 * 16);
            let upper: [u8; 16] = part(block, 128 + 32 * i + j % 2 * 16);
            for (q, upper) in q.iter_mut().zip(upper) {
                *q = *q >> (j / 4 * 4) & 15 | (upper >> (j / 2 * 2) & 3) << 4;
            }
            *out = stretched(q, [d[8 * i + j], m[8 * i + j]]);
        }
        out
    }
}

impl Packed<136, 2> for IQ4XS {
    const BLOCK: usize = 256;
    const PIECES: usize = 8;
    type Scales = [f32; 8];

    #[inline(always)]
    fn scales(block: &[u8; 136]) -> [f32; 8] {
        let (d, high) = (factor(block, 0), u16::from_le_bytes(part(block, 2)));
        let mut scales = [0.0; 8];
        for (i, scale) in scales.iter_mut().enumerate() {
            let low = (block[4 + i / 2] >> (i % 2 * 4)) & 15;
            let s = low as i32 | ((high as i32 >> (2 * i)) & 3) << 4;
            *scale = d * (s - 32) as f32;
        }
        black_box(scales)
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 136], d: &[f32; 8], i: usize) -> [Sixteen; 2] {
        blocks_of_32::values(simd, part(block, 8 + 16 * i), d[i])
    }
}

/// (q + offset) · d = q · d + offset·d, which is exact, too.
#[inline(always)]
fn with_offset(d: Sixteen, offset: f32) -> Sixteens {
    let mut m = d;
    for m in &mut m {
        *m *= offset;
    }
    black_box([d, m])
}

/// A factor that puts a byte into each of eight: small numbers are taken apart eight at once.
const EACH_BYTE: u64 = 0x0101_0101_0101_0101;

/// d·s and -e·t of eight pieces. The bytes hold, of 6-bit numbers: the lower six bits of s₀ … s₃ and
/// of t₀ … t₃, then the lower four of s₄ … s₇ (low halves) and t₄ … t₇ (high halves), whose upper two
/// lie above the first eight.
#[inline(always)]
fn six_bit_scales([d, e]: [f32; 2], bytes: [u8; 12]) -> Pairs {
    let first = u64::from_le_bytes(part(&bytes, 0)); // s₀ … s₃, t₀ … t₃
    let last = u32::from_le_bytes(part(&bytes, 8)) as u64;
    let last = (last | (last << 28)) & (EACH_BYTE * 15) | (first >> 2) & (EACH_BYTE * 0x30);
    let first = (first & (EACH_BYTE * 63)).to_le_bytes();
    let last = last.to_le_bytes();
    let mut scales = [[0.0; 8]; 2];
    for i in 0..4 {
        scales[0][i] = d * first[i] as f32;
        scales[0][i + 4] = d * last[i] as f32;
        scales[1][i] = -e * first[i + 4] as f32;
        scales[1][i + 4] = -e * last[i + 4] as f32;
    }
    black_box(scales)
}
