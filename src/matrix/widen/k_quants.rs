//! The K-quants: 256 integers q in a block, with a scale for every 32 or 16 of them. The scales are
//! integers too, and one or two f16 numbers stretch all of them.
//!
//! Piece i of a block holds its numbers 16 i … 16 i + 15. The bits of several pieces lie in the same
//! bytes: a file takes them apart by shifting, all lanes at once.

use super::sixteen::{of_nibbles, stretched};
use super::{Packed, blocks_of_32, factor, part, two_factors};
use pulp::Simd;

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

/// What stretches the numbers of each piece, q · d + m: the sixteen d, and the sixteen m.
type Pieces = [[f32; 16]; 2];
/// The same for two pieces each.
type Pairs = [[f32; 8]; 2];

impl Packed<84> for Q2K {
    const BLOCK: usize = 256;
    const PIECES: usize = 16;
    type Scales = Pieces;

    #[inline(always)]
    fn scales(block: &[u8; 84]) -> Pieces {
        let [d, e] = two_factors(block, 80);
        let mut scales = [[0.0; 16]; 2];
        for (j, byte) in block[..16].iter().enumerate() {
            scales[0][j] = d * (byte & 15) as f32;
            scales[1][j] = -e * (byte >> 4) as f32;
        }
        scales
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 84], [d, m]: &Pieces, i: usize) -> [f32; 16] {
        let low: [u8; 16] = part(block, 16 + i / 8 * 32 + i % 2 * 16);
        let mut q = [0; 16];
        for j in 0..16 {
            q[j] = ((low[j] >> (i % 8 / 2 * 2)) & 3) as i8;
        }
        stretched(q, [d[i], m[i]])
    }
}

impl Packed<110> for Q3K {
    const BLOCK: usize = 256;
    const PIECES: usize = 16;
    type Scales = [f32; 16];

    #[inline(always)]
    fn scales(block: &[u8; 110]) -> [f32; 16] {
        let low = u64::from_le_bytes(part(block, 96));
        let high = u32::from_le_bytes(part(block, 104)) as u64;
        let two = high | high >> 2 << 32; // of the eight s₀ … s₇, and above them those of s₈ … s₁₅
        let first = low & (EACH_BYTE * 15) | (two & (EACH_BYTE * 3)) << 4;
        let last = low >> 4 & (EACH_BYTE * 15) | two & (EACH_BYTE * 0x30);
        let d = factor(block, 108);
        let mut scales = [0.0; 16];
        let (first, last) = (first.to_le_bytes(), last.to_le_bytes());
        for j in 0..8 {
            scales[j] = d * (first[j] as i8 - 32) as f32;
            scales[j + 8] = d * (last[j] as i8 - 32) as f32;
        }
        scales
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 110], d: &[f32; 16], i: usize) -> [f32; 16] {
        let low: [u8; 16] = part(block, 32 + i / 8 * 32 + i % 2 * 16);
        let high: [u8; 16] = part(block, i % 2 * 16);
        let mut q = [0; 16];
        for j in 0..16 {
            q[j] = ((low[j] >> (i % 8 / 2 * 2)) & 3 | ((high[j] >> (i / 2)) & 1) << 2) as i8 - 4;
        }
        stretched(q, [d[i], 0.0])
    }
}

impl Packed<144> for Q4K {
    const BLOCK: usize = 256;
    const PIECES: usize = 16;
    type Scales = Pairs;

    #[inline(always)]
    fn scales(block: &[u8; 144]) -> Pairs {
        six_bit_scales(two_factors(block, 0), part(block, 4))
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 144], [d, m]: &Pairs, i: usize) -> [f32; 16] {
        let bytes = part(block, 16 + i / 4 * 32 + i % 2 * 16);
        of_nibbles(simd, bytes, i % 4 / 2 * 4, [d[i / 2], m[i / 2]])
    }
}

impl Packed<176> for Q5K {
    const BLOCK: usize = 256;
    const PIECES: usize = 16;
    type Scales = Pairs;

    #[inline(always)]
    fn scales(block: &[u8; 176]) -> Pairs {
        six_bit_scales(two_factors(block, 0), part(block, 4))
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 176], [d, m]: &Pairs, i: usize) -> [f32; 16] {
        let low: [u8; 16] = part(block, 48 + i / 4 * 32 + i % 2 * 16);
        let high: [u8; 16] = part(block, 16 + i % 2 * 16);
        let mut q = [0; 16];
        for j in 0..16 {
            q[j] = ((low[j] >> (i % 4 / 2 * 4)) & 15 | ((high[j] >> (i / 2)) & 1) << 4) as i8;
        }
        stretched(q, [d[i / 2], m[i / 2]])
    }
}

impl Packed<210> for Q6K {
    const BLOCK: usize = 256;
    const PIECES: usize = 16;
    type Scales = [f32; 16];

    #[inline(always)]
    fn scales(block: &[u8; 210]) -> [f32; 16] {
        let d = factor(block, 208);
        let mut scales = [0.0; 16];
        for (scale, s) in scales.iter_mut().zip(&block[192..208]) {
            *scale = d * (*s as i8) as f32;
        }
        scales
    }

    #[inline(always)]
    fn widen<S: Simd>(_: S, block: &[u8; 210], d: &[f32; 16], i: usize) -> [f32; 16] {
        let low: [u8; 16] = part(block, i / 8 * 64 + i % 4 * 16);
        let high: [u8; 16] = part(block, 128 + i / 8 * 32 + i % 2 * 16);
        let mut q = [0; 16];
        for j in 0..16 {
            let low = (low[j] >> (i % 8 / 4 * 4)) & 15;
            q[j] = (low | ((high[j] >> (i % 8 / 2 * 2)) & 3) << 4) as i8 - 32;
        }
        stretched(q, [d[i], 0.0])
    }
}

impl Packed<136> for IQ4XS {
    const BLOCK: usize = 256;
    const PIECES: usize = 16;
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
        scales
    }

    #[inline(always)]
    fn widen<S: Simd>(simd: S, block: &[u8; 136], d: &[f32; 8], i: usize) -> [f32; 16] {
        blocks_of_32::values(simd, part(block, 8 + i / 2 * 16), i % 2 * 4, d[i / 2])
    }
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
    let last = (last | last << 28) & EACH_BYTE * 15 | (first >> 2) & EACH_BYTE * 0x30;
    let first = (first & EACH_BYTE * 63).to_le_bytes();
    let last = last.to_le_bytes();
    let mut scales = [[0.0; 8]; 2];
    for i in 0..4 {
        scales[0][i] = d * first[i] as f32;
        scales[0][i + 4] = d * last[i] as f32;
        scales[1][i] = -e * first[i + 4] as f32;
        scales[1][i + 4] = -e * last[i + 4] as f32;
    }
    scales
}
