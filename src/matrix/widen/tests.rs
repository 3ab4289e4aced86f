//! The numbers of every kind, beside candle's.

use super::*;
use crate::error::Result;
use crate::matrix::kind::tests::of_candle;
use candle_core::quantized::QTensor;
use candle_core::{Device, Tensor};

/// Widened by the processor's widest instructions, and by the plain loops.
fn widened(kind: Kind, bytes: &[u8], n: usize) -> Vec<f32> {
    struct Row<'a>(Kind, &'a [u8], &'a mut [f32]);
    impl pulp::WithSimd for Row<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            widen(simd, self.0, [self.1], [self.2]);
        }
    }
    let (mut fast, mut plain) = (vec![f32::NAN; n], vec![f32::NAN; n]);
    pulp::Arch::new().dispatch(Row(kind, bytes, &mut fast));
    pulp::Scalar::vectorize(pulp::Scalar, Row(kind, bytes, &mut plain));
    let differ = fast.iter().zip(&plain).position(|(a, b)| a != b);
    assert_eq!(differ, None, "{kind:?}");
    fast
}

/// Whatever candle can read, we read the same numbers, to the last digit.
#[test]
fn equals_candle() -> Result<()> {
    let x = Tensor::randn(0f32, 1., (3, 512), &Device::Cpu)?;
    for kind in Kind::ALL {
        let Some(dtype) = of_candle(kind) else { continue };
        let q = QTensor::quantize(&x, dtype)?;
        let expected = q.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        let mut unaligned = vec![0];
        unaligned.extend_from_slice(&q.data()?);
        let found = widened(kind, &unaligned[1..], expected.len());
        let differ = found.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!(differ, None, "{kind:?}");
    }
    Ok(())
}

/// The first numbers of 256, and the sum of i times number i, as the package gguf reads these bytes.
#[test]
fn the_non_linear_kinds_are_ggufs() {
    let check = |kind: Kind, first: [f32; 6], sum: f64| {
        let n_bytes = 256 / kind.block_size() * kind.type_size();
        let mut bytes: Vec<u8> = (0..n_bytes).map(|i| (7 * i * i + 31 * i + 5) as u8).collect();
        for block in bytes.chunks_mut(kind.type_size()) {
            block[..2].copy_from_slice(&[0, 0x3c]); // the factor 1
        }
        bytes[1] = 0x38; // the first factor, 1/2
        let found = widened(kind, &bytes, 256);
        assert_eq!(found[..6], first, "{kind:?}");
        let weighted = found.iter().zip(1..).map(|(x, i)| *x as f64 * i as f64);
        assert_eq!(weighted.sum::<f64>(), sum, "{kind:?}");
    };
    check(Kind::IQ4NL, [56.5, -52.0, -52.0, 56.5, 19.0, -17.5], -197463.5);
    check(Kind::IQ4XS, [586.5, -552.5, -85.0, 110.5, 110.5, -85.0], 395862.5);
}

#[test]
fn every_f16_is_exact() {
    for bits in 0..=u16::MAX {
        let found = floats::f16_to_f32(bits);
        let expected = half::f16::from_bits(bits).to_f32();
        let same = found.to_bits() == expected.to_bits();
        assert!(same || found.is_nan() && expected.is_nan(), "{bits:04x}: {found}");
    }
}

#[test]
fn a_last_piece_may_be_shorter_than_a_block() {
    let numbers: Vec<f32> = (0..35).map(|i| i as f32 / 4.0).collect();
    let bytes: Vec<u8> =
        numbers.iter().flat_map(|x| half::bf16::from_f32(*x).to_le_bytes()).collect();
    assert_eq!(widened(Kind::BF16, &bytes, 35), numbers);
}
