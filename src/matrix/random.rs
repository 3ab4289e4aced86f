//! Random numbers: one generator, and the weights of a rehearsal, which nobody has to store.

/// A small generator: the same seed gives the same numbers on every machine. The number is its state.
///
/// Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
#[derive(Clone, Debug)]
pub(crate) struct SplitMix64(pub u64);

/// The golden ratio's fraction in 64 bits: steps of the state that spread well.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl SplitMix64 {
    #[inline(always)]
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// 0 ≤ u < 1, a multiple of 2⁻⁵³.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Passes over `n` numbers without drawing them.
    #[inline(always)]
    fn skip(self, n: usize) -> SplitMix64 {
        SplitMix64(self.0.wrapping_add((n as u64).wrapping_mul(GOLDEN)))
    }
}

/// Every bit of the result depends on every bit of `z`.
#[inline(always)]
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Fill `out` with the weights of row `row` from column `first_column`, a multiple of 4, on.
///
/// A weight depends on the seed, its row and its column alone, so any part of a matrix can be drawn
/// at any time, by any thread. Uniform in ±std·√3, which has the standard deviation `std`, and
/// rounded to bf16, as trained weights are.
#[inline(always)]
pub(super) fn fill(seed: u64, std: f32, row: usize, first_column: usize, out: &mut [f32]) {
    let start = mix(SplitMix64(seed).next().wrapping_add(row as u64));
    let mut random = SplitMix64(start).skip(first_column / 4);
    let scale = std * 3f32.sqrt() / 32768.0;
    let weight = |bits: u64| round_to_bf16(((bits as u16 as i32 - 32768) as f32 + 0.5) * scale);

    let (fours, rest) = out.as_chunks_mut::<4>();
    for out in fours {
        let bits = random.next();
        *out = [0, 16, 32, 48].map(|shift| weight(bits >> shift));
    }
    if !rest.is_empty() {
        let bits = random.next();
        for (j, out) in rest.iter_mut().enumerate() {
            *out = weight(bits >> (16 * j));
        }
    }
}

/// The nearest f32 whose lower half is zero; of two equally near, the even one.
#[inline(always)]
fn round_to_bf16(x: f32) -> f32 {
    let bits = x.to_bits();
    f32::from_bits((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff_0000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seed: u64, row: usize, first_column: usize, n: usize) -> Vec<f32> {
        let mut out = vec![0.0; n];
        fill(seed, 0.02, row, first_column, &mut out);
        out
    }

    #[test]
    fn a_number_depends_on_seed_row_and_column_alone() {
        assert_eq!(row(1, 2, 0, 103)[64..], row(1, 2, 64, 39));
        assert_ne!(row(1, 2, 0, 8), row(1, 3, 0, 8));
        assert_ne!(row(1, 2, 0, 8), row(2, 2, 0, 8));
    }

    /// Computed by the same formula in Python: a change of machine or of code shows.
    #[test]
    fn the_first_numbers_are_these() {
        assert_eq!(
            row(0, 0, 0, 4),
            [-0.032_958_984, -0.027_587_89, 0.007_324_218_8, -0.011_230_469]
        );
    }

    #[test]
    fn mean_deviation_and_precision_are_right() {
        let numbers: Vec<f32> = (0..100).flat_map(|r| row(7, r, 0, 1000)).collect();
        let mean = numbers.iter().sum::<f32>() / 1e5;
        let variance = numbers.iter().map(|x| x * x).sum::<f32>() / 1e5;
        // the mean of n numbers wanders by std / sqrt(n), here 6e-5
        assert!(mean.abs() < 3e-4, "{mean}");
        assert!((variance.sqrt() - 0.02).abs() < 2e-4, "{}", variance.sqrt());
        assert!(numbers.iter().all(|x| x.to_bits() & 0xffff == 0));
    }
}
