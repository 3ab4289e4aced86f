//! The kinds of stored numbers, in one table: GGML's names, numbers and layouts.

use super::widen::Packed;
use super::widen::blocks_of_32::{IQ4NL, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use super::widen::floats::{BF16, F16, F32};
use super::widen::k_quants::{IQ4XS, Q2K, Q3K, Q4K, Q5K, Q6K};

/// How a matrix's numbers are stored. Each kind has the number that GGUF files give it.
///
/// `Q4_1` reads: quantised to 4 bits, in the second of the ways to do that. The kinds with a K
/// and IQ4XS cut a row into blocks of 256 numbers, the others with a Q into blocks of 32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[expect(missing_docs, reason = "the types of the same names say how each is stored")]
pub enum Kind {
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q2K = 10,
    Q3K = 11,
    Q4K = 12,
    Q5K = 13,
    Q6K = 14,
    IQ4NL = 20,
    IQ4XS = 23,
    BF16 = 30,
}

/// Work that the compiler writes once for each kind, so that its inner loops know the layout.
pub(crate) trait ForKind {
    type Output;
    fn run<const BYTES: usize, const N: usize, P: Packed<BYTES, N>>(self) -> Self::Output;
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 15] = {
        use Kind::*;
        [F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2K, Q3K, Q4K, Q5K, Q6K, IQ4NL, IQ4XS]
    };

    /// The table: how many bytes are unpacked at once, how many times 16 numbers share some of
    /// them, and the type that knows how.
    #[inline(always)]
    pub(crate) fn dispatch<W: ForKind>(self, work: W) -> W::Output {
        match self {
            Kind::F32 => work.run::<128, 2, F32>(),
            Kind::F16 => work.run::<64, 2, F16>(),
            Kind::BF16 => work.run::<64, 2, BF16>(),
            Kind::Q8_0 => work.run::<34, 2, Q8_0>(),
            Kind::Q4_0 => work.run::<18, 2, Q4_0>(),
            Kind::Q4_1 => work.run::<20, 2, Q4_1>(),
            Kind::Q5_0 => work.run::<22, 2, Q5_0>(),
            Kind::Q5_1 => work.run::<24, 2, Q5_1>(),
            Kind::Q2K => work.run::<84, 8, Q2K>(),
            Kind::Q3K => work.run::<110, 8, Q3K>(),
            Kind::Q4K => work.run::<144, 4, Q4K>(),
            Kind::Q5K => work.run::<176, 8, Q5K>(),
            Kind::Q6K => work.run::<210, 8, Q6K>(),
            Kind::IQ4NL => work.run::<18, 2, IQ4NL>(),
            Kind::IQ4XS => work.run::<136, 2, IQ4XS>(),
        }
    }

    /// The kind to which GGUF files give this number.
    pub(crate) fn of_ggml(number: u32) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u32 == number)
    }

    /// Numbers that are stored together and cannot be cut apart: 1, 32 or 256.
    pub fn block_size(self) -> usize {
        self.dispatch(BlockAndBytes).0
    }

    /// The bytes of such a block.
    pub fn type_size(self) -> usize {
        self.dispatch(BlockAndBytes).1
    }
}

struct BlockAndBytes;

impl ForKind for BlockAndBytes {
    type Output = (usize, usize);

    #[inline(always)]
    fn run<const BYTES: usize, const N: usize, P: Packed<BYTES, N>>(self) -> (usize, usize) {
        (P::BLOCK, BYTES * P::BLOCK / P::NUMBERS)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::error::Result;
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};

    /// candle knows the same kinds by the same names, but for its own Q8_1 and Q8K, and no IQ.
    pub(crate) fn of_candle(kind: Kind) -> Option<GgmlDType> {
        use GgmlDType::*;
        let all = [F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2K, Q3K, Q4K, Q5K, Q6K];
        all.into_iter().find(|dtype| format!("{dtype:?}") == format!("{kind:?}"))
    }

    /// Normally distributed numbers, stored as `kind`; where candle cannot, any bits with factors
    /// that make numbers of that size.
    pub(crate) fn random_bytes(kind: Kind, n: usize) -> Result<Vec<u8>> {
        let x = Tensor::randn(0f32, 1., n, &Device::Cpu)?;
        if let Some(dtype) = of_candle(kind) {
            return Ok(QTensor::quantize(&x, dtype)?.data()?.into_owned());
        }
        let mut bytes = vec![];
        for x in x.to_vec1::<f32>()?.chunks(kind.block_size()) {
            let factor = if kind == Kind::IQ4NL { 0.015 } else { 0.001 };
            bytes.extend(half::f16::from_f32(x[0] * factor).to_le_bytes());
            bytes.extend(x[..kind.type_size() - 2].iter().map(|x| (x * 1e6) as i32 as u8));
        }
        Ok(bytes)
    }

    #[test]
    fn the_sizes_are_candles() {
        for kind in Kind::ALL {
            let sizes = (kind.block_size(), kind.type_size());
            match of_candle(kind) {
                Some(dtype) => {
                    assert_eq!(sizes, (dtype.block_size(), dtype.type_size()), "{kind:?}")
                }
                None => assert!([(32, 18), (256, 136)].contains(&sizes), "{kind:?}"),
            }
            assert_eq!(Kind::of_ggml(kind as u32), Some(kind));
        }
        assert_eq!(Kind::of_ggml(4), None); // Q4_2, which GGML has given up
    }
}
