//! The numbers of every kind, beside candle's.

use super::*;
use crate::error::Result;
use crate::matrix::kind::tests::of_candle;
use candle_core::quantized::QTensor;
use candle_core::{Device, Tensor};

/// Whatever candle can read, we read the same numbers, to the last digit.
#[test]
fn equals_candle() -> Result<()> {
    let x = Tensor::randn(0f32, 1., (3, 512), &Device::Cpu)?;
    for kind in Kind::ALL {
        let q = QTensor::quantize(&x, of_candle(kind))?;
        let expected = q.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        let mut unaligned = vec![0];
        unaligned.extend_from_slice(&q.data()?);
        let mut found = vec![f32::NAN; expected.len()];
        widen(kind, [&unaligned[1..]], [&mut found]);
        let differ = found.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!(differ, None, "{kind:?}");
    }
    Ok(())
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
    let mut out = vec![0.0; 35];
    widen(Kind::BF16, [&bytes], [&mut out]);
    assert_eq!(out, numbers);
}
