//! y = x Wᵀ straight from the stored weights.
mod kernel;

use crate::{Error, Matrix, Result};
use candle_core::{DType, Tensor};
use kernel::{ROWS, RowBlock, Scratch};
use rayon::prelude::*;

const TASK: usize = 1 << 16;

pub fn linear(x: &Tensor, w: &Matrix) -> Result<Tensor> {
    let Some((&in_dim, outer)) = x.dims().split_last() else {
        todo!()
    };
    if in_dim != w.in_dim {
        return Err(Error::shape(&w.name, "x", x.dims(), ""));
    }
    let n_tokens: usize = outer.iter().product();
    let x1 = x.flatten_all()?.to_vec1::<f32>()?;
    let mut y = vec![0f32; w.out_dim * n_tokens];
    let rows = (TASK / w.in_dim).next_multiple_of(ROWS).max(ROWS);
    let arch = pulp::Arch::new();
    y.par_chunks_mut(rows * n_tokens)
        .enumerate()
        .try_for_each_init(Scratch::new, |scratch, (i, y)| {
            arch.dispatch(RowBlock {
                w,
                first_row: i * rows,
                x: &x1,
                y,
                scratch,
            })
        })?;
    if n_tokens > 1 {
        let mut yt = vec![0f32; y.len()];
        yt.par_chunks_mut(w.out_dim)
            .enumerate()
            .for_each(|(t, yt)| {
                for (r, out) in yt.iter_mut().enumerate() {
                    *out = y[r * n_tokens + t];
                }
            });
        y = yt;
    }
    let _ = DType::F32;
    let mut shape = outer.to_vec();
    shape.push(w.out_dim);
    Ok(Tensor::from_vec(y, shape, x.device())?)
}
