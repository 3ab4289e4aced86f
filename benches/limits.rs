//! The machine's two limits: how fast it reads memory, and how fast it multiplies.

use candle_core::{Device, Tensor};
use llama3::Result;
use rayon::prelude::*;

pub const IN: usize = 4096;
/// Rows of the left factor of [`Gemm`].
pub const GEMM_ROWS: usize = 1024;

pub fn random(shape: (usize, usize)) -> Result<Tensor> {
    Ok(Tensor::randn(0f32, 1., shape, &Device::Cpu)?)
}

/// Reading numbers from memory.
pub struct Read(Vec<f32>);

impl Read {
    /// 512 MB of them, which no cache holds.
    pub fn large() -> Read {
        Read(vec![1f32; 128 << 20])
    }

    pub fn n_bytes(&self) -> usize {
        size_of_val(&self.0[..])
    }

    pub fn run(&self) -> f32 {
        let arch = pulp::Arch::new();
        let pieces = self.0.par_chunks(1 << 16);
        pieces.map(|piece| arch.dispatch(Sum(piece))).sum()
    }
}

/// candle's product of two large f32 matrices.
pub struct Gemm(Tensor, Tensor);

impl Gemm {
    pub fn new() -> Result<Gemm> {
        Ok(Gemm(random((GEMM_ROWS, IN))?, random((IN, IN))?))
    }

    pub fn n_flops(&self) -> usize {
        2 * GEMM_ROWS * IN * IN
    }

    pub fn run(&self) -> Result<Tensor> {
        Ok(self.0.matmul(&self.1)?)
    }
}

/// Adding numbers up is less work than reading them.
struct Sum<'a>(&'a [f32]);

impl pulp::WithSimd for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> f32 {
        let mut sums = [simd.splat_f32s(0.0); 8];
        for eight in S::as_simd_f32s(self.0).0.as_chunks::<8>().0 {
            for (sum, numbers) in sums.iter_mut().zip(eight) {
                *sum = simd.add_f32s(*sum, *numbers);
            }
        }
        sums.map(|sum| simd.reduce_sum_f32s(sum)).iter().sum()
    }
}
