//! The feed-forward network: each token by itself, through a wider layer and back.

use crate::error::Result;
use candle_core::Tensor;

/// SiLU: lets large positive numbers through, and pulls negative ones to zero, smoothly.
///
/// $$ silu(x) = \frac{x}{1 + e^{-x}} $$
///
/// Source: Shazeer, GLU Variants Improve Transformer, section 2 (there: Swish₁).
///
/// # Shapes
/// x `[…]` → `[…]`
///
/// ```
/// use candle_core::{Device, Tensor};
/// let x = Tensor::new(&[-100f32, 0.0, 100.0], &Device::Cpu)?;
/// assert_eq!(llama3::feed_forward::silu(&x)?.to_vec1::<f32>()?, [-0.0, 0.0, 100.0]);
/// # Ok::<(), llama3::Error>(())
/// ```
pub fn silu(x: &Tensor) -> Result<Tensor> {
    Ok((x / (x.neg()?.exp()? + 1.0)?)?)
}

/// SwiGLU's middle: the gate decides how much of each hidden component goes through.
///
/// $$ swiglu(x) = W_2 \\, (silu(W_1 x) \odot W_3 x) $$
///
/// gate = W₁ x and up = W₃ x come in; the down projection W₂ follows outside.
///
/// Cost: the three products are 6 · dim · hidden_dim flops a token, most of a block's.
///
/// Source: Shazeer, GLU Variants Improve Transformer, equation 6.
///
/// # Shapes
/// gate, up `[T, hidden_dim]` → `[T, hidden_dim]`
///
/// ```
/// use candle_core::{Device, Tensor};
/// let gate = Tensor::new(&[0f32, 100.0, -100.0], &Device::Cpu)?;
/// let up = Tensor::new(&[5f32, 2.0, 7.0], &Device::Cpu)?;
/// let hidden = llama3::feed_forward::swiglu(&gate, &up)?.to_vec1::<f32>()?;
/// assert_eq!(hidden, [0.0, 200.0, -0.0]);
/// # Ok::<(), llama3::Error>(())
/// ```
///
/// # Errors
/// Shapes that differ.
pub fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    Ok((silu(gate)? * up)?)
}
