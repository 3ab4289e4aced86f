//! Multiplying by a weight matrix, straight from the stored weights.
//!
//! A Llama is almost nothing but this: of the 8 billion numbers in Llama 3 8B all but the embedding
//! table (whose rows are looked up) and the tiny norm vectors are factors of a [`linear`].

use crate::error::{Error, Result};
use crate::matrix::{Matrix, product};
use candle_core::{DType, Tensor};

/// y = x Wᵀ: every output is the dot product of the input with one row of the weights.
///
/// yᵢ = Σₖ Wᵢₖ · xₖ, for each token's x. The weights stay as they are stored (bf16, 8 bits, 4 bits)
/// and where they are stored: a few at a time are widened to f32, which is exact, and multiplied.
/// The numbers are the same for any number of threads, and for a token alone or among others.
///
/// On a GPU, the matrix is widened and copied there instead, used once and dropped.
///
/// # Shapes
///
/// x `[…, in]` f32, W `[out, in]` → y `[…, out]` f32
///
/// # Errors
///
/// [`Error::Shape`] if x does not have `in` columns, [`Error::Argument`] if x is not f32.
///
/// # Example
///
/// ```
/// use candle_core::{Device, Tensor, quantized::GgmlDType};
/// use llama3::{Matrix, linear};
///
/// let stored: Vec<u8> = [1f32, 2., 3., //
///                        4., 5., 6.].iter().flat_map(|w| w.to_le_bytes()).collect();
/// let w = Matrix::from_bytes("w", 2, 3, GgmlDType::F32, &stored)?;
/// let x = Tensor::new(&[[10f32, 0., 1.]], &Device::Cpu)?; // one token, [1, 3]
///
/// let y = linear(&x, &w)?; // [1, 2]
///
/// // 10·1 + 0·2 + 1·3 = 13 and 10·4 + 0·5 + 1·6 = 46
/// assert_eq!(y.to_vec2::<f32>()?, [[13., 46.]]);
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
    for w in ws {
        check(x, w)?;
    }
    let mut shape = x.dims().to_vec();
    let in_dim = shape.pop().unwrap_or_default();
    let x = x.reshape(((), in_dim))?; // [T, in]
    let mut ys = if x.device().is_cpu() {
        product::on_the_cpu(&x, ws)?
    } else {
        let product = |w: &Matrix| Ok(x.matmul(&w.to_tensor()?.to_device(x.device())?.t()?)?);
        ws.into_iter().map(product).collect::<Result<Vec<_>>>()?
    };
    for (y, w) in ys.iter_mut().zip(ws) {
        *y = y.reshape([&shape[..], &[w.out_dim]].concat())?;
    }
    ys.try_into()
        .map_err(|_| Error::Argument("one product a matrix".into()))
}

fn check(x: &Tensor, w: &Matrix) -> Result<()> {
    if x.dims().last() != Some(&w.in_dim) {
        let expected = format!("x of shape […, {}]", w.in_dim);
        let hint = format!("this matrix is [{}, {}], and y = x Wᵀ", w.out_dim, w.in_dim);
        return Err(Error::shape(&w.name, expected, x.dims(), hint));
    }
    if x.dtype() != DType::F32 {
        let (name, dtype) = (&w.name, x.dtype());
        return Err(Error::Argument(format!(
            "{name}: linear computes in f32, but x is {dtype:?}; use x.to_dtype(DType::F32)?"
        )));
    }
    Ok(())
}
