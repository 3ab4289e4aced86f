//! RMSNorm: every token's vector is scaled to length √dim before it is used.

use crate::error::{Error, Result};
use crate::matrix::Matrix;
use candle_core::{D, Tensor};

/// Divides each token's vector by its root mean square, then scales each component by its weight.
///
/// $$ y_i = \frac{x_i}{\sqrt{\frac{1}{dim}\sum_j x_j^2 + \epsilon}} \; w_i $$
///
/// The mean runs over one token's own components, never over other tokens. Unlike LayerNorm it
/// does not subtract the mean, and has no bias.
///
/// Cost: 4 · dim flops a token, beside which its dim weights are nothing.
///
/// Source: Zhang and Sennrich, Root Mean Square Layer Normalization, equation 4.
///
/// # Shapes
/// x `[T, dim]`, weight `[dim]` → `[T, dim]`
///
/// ```
/// use candle_core::{Device, Tensor};
/// let x = Tensor::new(&[[3f32, 4.0], [6.0, 8.0]], &Device::Cpu)?;
/// let weight = Tensor::new(&[1f32, 2.0], &Device::Cpu)?;
/// let y = llama3::rms_norm(&x, &weight, 0.0)?;
/// // √((3² + 4²) / 2) = 3.5355; doubling a vector changes nothing.
/// let row = vec![0.84852815, 2.2627418];
/// assert_eq!(y.to_vec2::<f32>()?, [row.clone(), row]);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// A weight that is not as long as the last axis of x.
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    let dim = x.dim(D::Minus1)?;
    if weight.dims() != [dim] {
        let expected = format!("[dim] = [{dim}]");
        return Err(Error::shape("norm weight", expected, weight.dims(), "is it of this model?"));
    }
    let mean_square = x.sqr()?.mean_keepdim(D::Minus1)?; // [T, 1]
    let rms = (mean_square + eps)?.sqrt()?;
    Ok(x.broadcast_div(&rms)?.broadcast_mul(weight)?)
}

/// [`rms_norm`] with the weight where it lies in the file, a matrix of one row.
pub(crate) fn stored_rms_norm(x: &Tensor, weight: &Matrix, eps: f64) -> Result<Tensor> {
    let weight = weight.to_tensor()?.get(0)?.to_device(x.device())?; // [dim]
    rms_norm(x, &weight, eps)
}
