//! The K-quants: 256 integers q in a block, with a scale for every 32 or 16 of them. The scales are
//! integers too, and one or two f16 numbers stretch all of them.
//!
//! Piece i of a block holds its numbers 32 i … 32 i + 31. The bits of four pieces lie in the same
//! bytes: a file takes them apart by shifting, all lanes at once.

use super::{Packed, factor, part, two_factors};

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

/// What stretches the numbers of each half of a piece: q · d + m.
type Halves = [[f32; 2]; 16];

impl Packed<84> for Q2K {
    const BLOCK: usize = 256;
    const PIECES: usize = 8;
    type Scales = Halves;

    #[inline(always)]
    fn scales(block: &[u8; 84]) -> Halves {
        let [d, e] = two_factors(block, 80);
        let mut scales = [[0.0; 2]; 16];
        for (scale, byte) in scales.iter_mut().zip(&block[..16]) {
            *scale = [d * (byte & 15) as f32, -e * (byte >> 4) as f32];
        }
        scales
    }

    #[inline(always)]
    fn widen(block: &[u8; 84], scales: &Halves, i: usize) -> [f32; 32] {
        let low: [u8; 32] = part(block, 16 + i / 4 * 32);
        let mut q = [0; 32];
        for (q, low) in q.iter_mut().zip(low) {
            *q = (low as i32 >> (i % 4 * 2)) & 3;
        }
        stretched(q, [scales[2 * i], scales[2 * i + 1]])
    }
}

impl Packed<110> for Q3K {
    const BLOCK: usize = 256;
    const PIECES: usize = 8;
    type Scales = Halves;

    #[inline(always)]
    fn scales(block: &[u8; 110]) -> Halves {
        let (bytes, d): ([u8; 12], f32) = (part(block, 96), factor(block, 108));
        let mut scales = [[0.0; 2]; 16];
        for (j, scale) in scales.iter_mut().enumerate() {
            let low = (bytes[j % 8] >> (j / 8 * 4)) & 15;
            let high = (bytes[8 + j % 4] >> (j / 4 * 2)) & 3;
            let d = d * ((low | high << 4) as i32 - 32) as f32;
            *scale = [d, -4.0 * d];
        }
        scales
    }

    #[inline(always)]
    fn widen(block: &[u8; 110], scales: &Halves, i: usize) -> [f32; 32] {
        let low: [u8; 32] = part(block, 32 + i / 4 * 32);
        let mut q = [0; 32];
        for ((q, low), high) in q.iter_mut().zip(low).zip(&block[..32]) {
            *q = (low as i32 >> (i % 4 * 2)) & 3 | ((*high as i32 >> i) & 1) << 2;
        }
        stretched(q, [scales[2 * i], scales[2 * i + 1]])
    }
}

impl Packed<144> for Q4K {
    const BLOCK: usize = 256;
    const PIECES: usize = 8;
    type Scales = [[f32; 2]; 8];

    #[inline(always)]
    fn scales(block: &[u8; 144]) -> [[f32; 2]; 8] {
        six_bit_scales(two_factors(block, 0), part(block, 4))
    }

    #[inline(always)]
    fn widen(block: &[u8; 144], scales: &[[f32; 2]; 8], i: usize) -> [f32; 32] {
        let low: [u8; 32] = part(block, 16 + i / 2 * 32);
        let mut q = [0; 32];
        for (q, low) in q.iter_mut().zip(low) {
            *q = (low as i32 >> (i % 2 * 4)) & 15;
        }
        stretched(q, [scales[i]; 2])
    }
}

impl Packed<176> for Q5K {
    const BLOCK: usize = 256;
    const PIECES: usize = 8;
    type Scales = [[f32; 2]; 8];

    #[inline(always)]
    fn scales(block: &[u8; 176]) -> [[f32; 2]; 8] {
        six_bit_scales(two_factors(block, 0), part(block, 4))
    }

    #[inline(always)]
    fn widen(block: &[u8; 176], scales: &[[f32; 2]; 8], i: usize) -> [f32; 32] {
        let low: [u8; 32] = part(block, 48 + i / 2 * 32);
        let mut q = [0; 32];
        for ((q, low), high) in q.iter_mut().zip(low).zip(&block[16..48]) {
            *q = (low as i32 >> (i % 2 * 4)) & 15 | ((*high as i32 >> i) & 1) << 4;
        }
        stretched(q, [scales[i]; 2])
    }
}

impl Packed<210> for Q6K {
    const BLOCK: usize = 256;
    const PIECES: usize = 8;
    type Scales = Halves;

    #[inline(always)]
    fn scales(block: &[u8; 210]) -> Halves {
        let d = factor(block, 208);
        let mut scales = [[0.0; 2]; 16];
        for (scale, s) in scales.iter_mut().zip(&block[192..208]) {
            let d = d * (*s as i8) as f32;
            *scale = [d, -32.0 * d];
        }
        scales
    }

    #[inline(always)]
    fn widen(block: &[u8; 210], scales: &Halves, i: usize) -> [f32; 32] {
        let low: [u8; 32] = part(block, i / 4 * 64 + i % 2 * 32);
        let high: [u8; 32] = part(block, 128 + i / 4 * 32);
        let mut q = [0; 32];
        for ((q, low), high) in q.iter_mut().zip(low).zip(high) {
            let low = (low as i32 >> (i % 4 / 2 * 4)) & 15;
            *q = low | ((high as i32 >> (i % 4 * 2)) & 3) << 4;
        }
        stretched(q, [scales[2 * i], scales[2 * i + 1]])
    }
}

/// q · d + m, with its own d and m for each half of a piece. q · d is exact: one rounding is as good
/// as two.
#[inline(always)]
fn stretched(q: [i32; 32], halves: [[f32; 2]; 2]) -> [f32; 32] {
    let mut out = [0.0; 32];
    for (i, (out, q)) in out.iter_mut().zip(q).enumerate() {
        let [d, m] = halves[i / 16];
        *out = (q as f32).mul_add(d, m);
    }
    out
}

/// d·s and -e·t of eight pieces. The bytes hold, of 6-bit numbers: the lower six bits of s₀ … s₃ and
/// of t₀ … t₃, then the lower four of s₄ … s₇ (low halves) and t₄ … t₇ (high halves), whose upper two
/// lie above the first eight.
#[inline(always)]
fn six_bit_scales([d, e]: [f32; 2], bytes: [u8; 12]) -> [[f32; 2]; 8] {
    let mut scales = [[0.0; 2]; 8];
    for i in 0..4 {
        let (s, t, both) = (bytes[i], bytes[i + 4], bytes[i + 8]);
        scales[i] = [s & 63, t & 63].map(f32::from);
        scales[i + 4] = [both & 15 | s >> 6 << 4, both >> 4 | t >> 6 << 4].map(f32::from);
    }
    scales.map(|[s, t]| [d * s, -e * t])
}
