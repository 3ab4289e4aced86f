//! Weights for a rehearsal: random numbers that nobody has to store.

/// The golden ratio's fraction in 64 bits: steps that spread well (Steele et al., SplitMix, 2014).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Fill `out` with the numbers of row `row` from column `first_column`, a multiple of 4, on.
///
/// A number depends on the seed, its row and its column alone, so any part of a matrix can be drawn
/// at any time, by any thread. Uniform in ±std·√3, which has the standard deviation `std`, and
/// rounded to bf16, as trained weights are.
#[inline(always)]
pub(crate) fn fill(seed: u64, std: f32, row: usize, first_column: usize, out: &mut [f32]) {
    let row_seed =
        mix(seed ^ mix(row as u64)).wrapping_add((first_column as u64 / 4).wrapping_mul(GOLDEN));
    let scale = std * 3f32.sqrt() / 32768.0;
    let draw = |i: usize| mix(row_seed.wrapping_add((i as u64).wrapping_mul(GOLDEN)));
    let number = |bits: u64| round_to_bf16(((bits as u16 as i32 - 32768) as f32 + 0.5) * scale);

    let (fours, rest) = out.as_chunks_mut::<4>();
    let n_fours = fours.len();
    for (i, out) in fours.iter_mut().enumerate() {
        let bits = draw(i);
        *out = [
            number(bits),
            number(bits >> 16),
            number(bits >> 32),
            number(bits >> 48),
        ];
    }
    for (j, out) in rest.iter_mut().enumerate() {
        *out = number(draw(n_fours) >> (16 * j));
    }
}

/// SplitMix64's finisher: every bit of the result depends on every bit of `z`.
#[inline(always)]
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The nearest f32 whose lower half is zero; of two equally near, the even one.
#[inline(always)]
fn round_to_bf16(x: f32) -> f32 {
    let bits = x.to_bits();
    f32::from_bits((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff_0000)
}
