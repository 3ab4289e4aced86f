//! Multiplying by a weight matrix, straight from the stored weights.
//!
//! A Llama is almost nothing but this: of the 8 billion numbers in Llama 3 8B all but the embedding
//! table (whose rows are looked up) and the tiny norm vectors are factors of a [`linear`].

mod kernel;
mod many_tokens;
mod one_token;
#[cfg(test)]
mod tests;

use crate::{Error, Matrix, Result};
use candle_core::{DType, Tensor};
use kernel::RowBlock;
use many_tokens::Scratch;
use one_token::STREAMS;
use rayon::prelude::*;

/// The fewest weights that are worth handing to a thread: some 10 µs of work.
const TASK: usize = 1 << 17;
/// The most tasks of one product: enough for many threads to finish at the same time.
const TASKS: usize = 256;

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
        on_the_cpu(&x, ws)?
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

/// x `[T, in]` → each `[T, out]`
fn on_the_cpu<const N: usize>(x: &Tensor, ws: [&Matrix; N]) -> Result<Vec<Tensor>> {
    let (n_tokens, _) = x.dims2()?;
    let values = x.flatten_all()?.to_vec1::<f32>()?;
    let mut ys = ws.map(|w| vec![0.0; w.out_dim * n_tokens]); // [out, T]: rows are one piece of it
    let mut tasks = vec![];
    for (w, y) in ws.into_iter().zip(&mut ys) {
        let n_tasks = (w.out_dim * w.in_dim / TASK).clamp(1, TASKS);
        let n_rows = w.out_dim.div_ceil(n_tasks).next_multiple_of(STREAMS);
        let pieces = y.chunks_mut((n_rows * n_tokens).max(1)).enumerate();
        tasks.extend(pieces.map(|(i, y)| (w, i * n_rows, y)));
    }
    let arch = pulp::Arch::new();
    let x_values = &values;
    tasks
        .into_par_iter()
        .try_for_each_init(Scratch::new, |scratch, (w, first_row, y)| {
            arch.dispatch(RowBlock {
                w,
                first_row,
                x: x_values,
                y,
                scratch,
            })
        })?;
    let products = ys.into_iter().zip(ws).map(|(y, w)| {
        let y = match n_tokens {
            0 | 1 => y,
            _ => transposed(&y, n_tokens),
        };
        Ok(Tensor::from_vec(y, (n_tokens, w.out_dim), x.device())?)
    });
    products.collect()
}

/// `[out, T]` → `[T, out]`
fn transposed(y: &[f32], n_tokens: usize) -> Vec<f32> {
    let out_dim = y.len() / n_tokens;
    let mut result = vec![0.0; y.len()];
    result
        .par_chunks_mut(out_dim)
        .enumerate()
        .for_each(|(t, result)| {
            for (value, tokens) in result.iter_mut().zip(y.chunks(n_tokens)) {
                *value = tokens[t];
            }
        });
    result
}
