//! Stored numbers to f32, exactly: what a checkpoint stores, an f32 can hold, so nothing is lost.
//!
//! The quantised kinds hold 32 or 256 numbers in a block: small integers q, and f16 numbers d and m
//! that stretch them, q · d + m. Each kind's type says where in the block they lie.
//!
//! The functions are plain loops over arrays of a fixed size. The compiler turns them into SIMD: one
//! instruction for all the lanes of a vector register. What it does not find by itself, [`sixteen`]
//! names.
//!
//! > Rust: `#[inline(always)]` is more than a hint here. `pulp` finds out what the processor can do
//! > and calls the kernels in a copy for AVX-512, for AVX2, for NEON …; only what is inlined into
//! > that copy is compiled with those instructions. A function that is called instead is compiled
//! > for the oldest processor of the kind. `array::map` and closures may be, so there are none here.

pub(crate) mod blocks_of_32;
pub(crate) mod floats;
pub(crate) mod k_quants;
mod sixteen;

use super::kind::{ForKind, Kind};
use pulp::Simd;

/// Sixteen numbers, as many as the widest vector register holds.
pub(crate) type Sixteen = [f32; 16];

/// How a kind packs its numbers: `BYTES` bytes hold some pieces of `N` times 16.
///
/// > Rust: `const BYTES: usize` is a generic parameter that is a number. `&[u8; 18]` is a reference
/// > to exactly 18 bytes, so the compiler knows every length, and checks no index at run time.
pub(crate) trait Packed<const BYTES: usize, const N: usize> {
    /// Numbers that cannot be cut apart; 1 where each stands for itself.
    const BLOCK: usize;
    /// Pieces in `BYTES` bytes.
    const PIECES: usize = 1;
    /// The numbers in `BYTES` bytes.
    const NUMBERS: usize = Self::PIECES * N * 16;
    /// What stretches the integers of a block: unpacked once for all of its pieces.
    type Scales;

    fn scales(block: &[u8; BYTES]) -> Self::Scales;

    /// The numbers of piece `i`, whose bits lie in the same bytes.
    fn widen<S: Simd>(
        simd: S,
        block: &[u8; BYTES],
        scales: &Self::Scales,
        i: usize,
    ) -> [Sixteen; N];
}

/// Widens some rows, block by block in turn, so that the memory is read in as many streams.
/// `rows` hold exactly as many numbers as `out`, all of one length.
#[inline(always)]
pub(crate) fn widen<S: Simd, const ROWS: usize>(
    simd: S,
    kind: Kind,
    rows: [&[u8]; ROWS],
    out: [&mut [f32]; ROWS],
) {
    kind.dispatch(Widen { simd, rows, out });
}

struct Widen<'a, S, const ROWS: usize> {
    simd: S,
    rows: [&'a [u8]; ROWS],
    out: [&'a mut [f32]; ROWS],
}

impl<S: Simd, const ROWS: usize> ForKind for Widen<'_, S, ROWS> {
    type Output = ();

    #[inline(always)]
    fn run<const BYTES: usize, const N: usize, P: Packed<BYTES, N>>(self) {
        let Widen { simd, rows, out } = self;
        let len = rows.first().map_or(0, |row| row.len() / BYTES);
        let (blocks, rests) = blocks_of::<BYTES, ROWS>(rows, len);
        for k in 0..len {
            for r in 0..ROWS {
                let scales = P::scales(&blocks[r][k]);
                let out = &mut out[r][k * P::NUMBERS..][..P::NUMBERS];
                for (i, out) in
                    out.as_chunks_mut::<16>().0.as_chunks_mut::<N>().0.iter_mut().enumerate()
                {
                    *out = P::widen(simd, &blocks[r][k], &scales, i);
                }
            }
        }
        for r in 0..ROWS {
            let out = &mut out[r][len * P::NUMBERS..];
            if !out.is_empty() {
                let last = last_piece::<S, BYTES, N, P>(simd, rests[r]);
                out.copy_from_slice(&last.as_flattened()[..out.len()]);
            }
        }
    }
}

/// The numbers of a row's end that fills no block, with zeros behind them.
#[inline(always)]
pub(crate) fn last_piece<S: Simd, const BYTES: usize, const N: usize, P: Packed<BYTES, N>>(
    simd: S,
    rest: &[u8],
) -> [Sixteen; N] {
    let block = padded(rest);
    P::widen(simd, &block, &P::scales(&block), 0)
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
