//! y = x Wᵀ: multiplying by a weight matrix, straight from the stored weights.
//!
//! A Llama is almost nothing but this: of the 8 billion numbers in Llama 3 8B all but the embedding
//! table (whose rows are looked up) and the tiny norm vectors are factors of a [`linear`].
//!
//! It costs 2 · out · in flops a token. Every weight is read once, however many tokens there are:
//! out · in · 2 bytes in bf16, a little more than half a byte a weight in 4 bits.

use crate::error::Result;
use crate::matrix::{Matrix, product};
use candle_core::Tensor;

/// The definition: yᵢ = Σₖ Wᵢₖ · xₖ for each token's x, every output the dot product of the input with
/// one row of the weights. Summed in f64, so that y is right to the last digit.
///
/// [`linear`] computes the same with all cores and a fraction of the memory. How, and why that is
/// still this loop, `matrix/product.rs` and its kernels tell.
///
/// # Shapes
///
/// x `[T, in]`, w `[out, in]` → y `[T, out]`, each row after row
pub fn by_definition(x: &[f32], w: &[f32], in_dim: usize) -> Vec<f32> {
    let mut y = vec![];
    for x in x.chunks(in_dim) {
        for w in w.chunks(in_dim) {
            let products = w.iter().zip(x).map(|(&w, &x)| f64::from(w) * f64::from(x));
            y.push(products.sum::<f64>() as f32);
        }
    }
    y
}

/// y = x Wᵀ: every output is the dot product of the input with one row of the weights.
///
/// The weights stay as they are stored (bf16, 8 bits, 4 bits) and where they are stored: a few at a
/// time are widened to f32, which is exact, and multiplied. The numbers are the same for any number
/// of threads, and for a token alone or among others.
///
/// On a GPU, the matrix is widened and copied there instead, used once and dropped.
///
/// # Shapes
///
/// x `[…, in]` f32, W `[out, in]` → y `[…, out]` f32
///
/// # Errors
///
/// [`Error::Shape`](crate::Error::Shape) if x does not have `in` columns,
/// [`Error::Argument`](crate::Error::Argument) if x is not f32.
///
/// # Example
///
/// ```
/// use candle_core::{Device, Tensor};
/// use llama3::linear::by_definition;
/// use llama3::{Matrix, linear, matrix::Kind};
///
/// let w = [1f32, 2., 3., //
///          4., 5., 6.];
/// let x = [10f32, 0., 1.]; // one token
/// // 10·1 + 0·2 + 1·3 = 13 and 10·4 + 0·5 + 1·6 = 46
/// assert_eq!(by_definition(&x, &w, 3), [13., 46.]);
///
/// let stored = w.map(f32::to_le_bytes);
/// let w = Matrix::from_bytes("w", 2, 3, Kind::F32, stored.as_flattened())?;
/// let x = Tensor::new(&[x], &Device::Cpu)?; // [1, 3]
/// assert_eq!(linear(&x, &w)?.to_vec2::<f32>()?, [[13., 46.]]); // [1, 2]
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn linear(x: &Tensor, w: &Matrix) -> Result<Tensor> {
    let [y] = linear_each(x, [w])?;
    Ok(y)
}

/// [`linear`] for matrices that meet the same x, such as Wq, Wk and Wv: the same numbers, and one
/// piece of work for the threads instead of several.
///
/// # Shapes
///
/// x `[…, in]` f32, each W `[out, in]` → each y `[…, out]` f32
///
/// # Errors
///
/// As [`linear`].
pub fn linear_each<const N: usize>(x: &Tensor, ws: [&Matrix; N]) -> Result<[Tensor; N]> {
    product::of_each(x, ws)
}
