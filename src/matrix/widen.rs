//! Stored numbers to f32, exactly: what a checkpoint stores, an f32 can hold, so nothing is lost.
//!
//! The quantised kinds hold 32 or 256 numbers in a block: small integers q, and f16 numbers d and m
//! that stretch them, q · d + m. Each kind's type says where in the block they lie.
//!
//! The functions are plain loops over arrays of a fixed size. The compiler turns them into SIMD: one
//! instruction for all the lanes of a vector register.
//!
//! > Rust: `#[inline(always)]` is more than a hint here. `pulp` finds out what the processor can do
//! > and calls the kernels in a copy for AVX-512, for AVX2, for NEON …; only what is inlined into
//! > that copy is compiled with those instructions. A function that is called instead is compiled
//! > for the oldest processor of the kind.
#![expect(
    clippy::needless_range_loop,
    reason = "array::map and iterator closures need not be inlined into the vector code; these are"
)]

pub(crate) mod blocks_of_32;
pub(crate) mod floats;
pub(crate) mod k_quants;
mod sixteen;

use super::kind::{ForKind, Kind};
use pulp::Simd;

/// How a kind packs its numbers: `BYTES` bytes hold some pieces of 16.
///
/// > Rust: `const BYTES: usize` is a generic parameter that is a number. `&[u8; 18]` is a reference
/// > to exactly 18 bytes, so the compiler knows every length, and checks no index at run time.
pub(crate) trait Packed<const BYTES: usize> {
    /// Numbers that cannot be cut apart; 1 where each stands for itself.
    const BLOCK: usize;
    /// Pieces of 16 numbers in `BYTES` bytes.
    const PIECES: usize = 2;
    /// What stretches the integers of a block: unpacked once for all of its pieces.
    type Scales;

    fn scales(block: &[u8; BYTES]) -> Self::Scales;

    fn widen<S: Simd>(simd: S, block: &[u8; BYTES], scales: &Self::Scales, i: usize) -> [f32; 16];
}

/// Widens pieces of `N` rows, block by block in turn, so that the memory is read in `N` streams.
/// `rows` hold exactly as many numbers as `out`, all of one length.
#[inline(always)]
pub(crate) fn widen<S: Simd, const N: usize>(
    simd: S,
    kind: Kind,
    rows: [&[u8]; N],
    out: [&mut [f32]; N],
) {
    kind.dispatch(Widen { simd, rows, out });
}

struct Widen<'a, S, const N: usize> {
    simd: S,
    rows: [&'a [u8]; N],
    out: [&'a mut [f32]; N],
}

impl<S: Simd, const N: usize> ForKind for Widen<'_, S, N> {
    type Output = ();

    #[inline(always)]
    fn run<const BYTES: usize, P: Packed<BYTES>>(self) {
        let Widen { simd, rows, out } = self;
        let len = rows.first().map_or(0, |row| row.len() / BYTES);
        let (blocks, rests) = blocks_of::<BYTES, N>(rows, len);
        for k in 0..len {
            for r in 0..N {
                let scales = P::scales(&blocks[r][k]);
                let pieces = &mut out[r].as_chunks_mut::<16>().0[k * P::PIECES..][..P::PIECES];
                for (i, piece) in pieces.iter_mut().enumerate() {
                    *piece = P::widen(simd, &blocks[r][k], &scales, i);
                }
            }
        }
        for r in 0..N {
            let out = &mut out[r][len * P::PIECES * 16..];
            if !out.is_empty() {
                let block = padded(rests[r]);
                let scales = P::scales(&block);
                for (i, piece) in out.chunks_mut(16).enumerate() {
                    piece.copy_from_slice(&P::widen(simd, &block, &scales, i)[..piece.len()]);
                }
            }
        }
    }
}

/// Each row as `len` whole blocks of `BYTES` bytes, and the bytes that are left.
///
/// > Rust: `as_chunks` looks at a slice as a slice of arrays, without copying, and gives what is
/// > left at its end beside it: `[1, 2, 3, 4, 5]` is `[[1, 2], [3, 4]]` and `[5]`.
#[inline(always)]
pub(crate) fn blocks_of<const BYTES: usize, const N: usize>(
    rows: [&[u8]; N],
    len: usize,
) -> ([&[[u8; BYTES]]; N], [&[u8]; N]) {
    let (mut blocks, mut rests) = ([&[] as &[[u8; BYTES]]; N], [&[] as &[u8]; N]);
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

/// The factor (the f16 at byte `at`) of a block, looked up: to compute it would take longer than the
/// rest of the block.
#[inline(always)]
fn factor<const BYTES: usize>(block: &[u8; BYTES], at: usize) -> f32 {
    ALL_F16[u16::from_le_bytes([block[at], block[at + 1]]) as usize]
}

/// Two of them that lie side by side, read at once.
#[inline(always)]
fn two_factors<const BYTES: usize>(block: &[u8; BYTES], at: usize) -> [f32; 2] {
    let both = u32::from_le_bytes(part(block, at));
    [both & 0xffff, both >> 16].map(|bits| ALL_F16[bits as usize])
}

/// `N` of a block's bytes.
#[inline(always)]
fn part<const BYTES: usize, const N: usize>(block: &[u8; BYTES], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&block[at..at + N]);
    part
}

/// All the f16 numbers there are.
static ALL_F16: [f32; 1 << 16] = {
    let mut all = [0.0; 1 << 16];
    let mut bits = 0;
    while bits < all.len() {
        all[bits] = floats::f16_to_f32(bits as u16);
        bits += 1;
    }
    all
};

#[cfg(test)]
mod tests;
