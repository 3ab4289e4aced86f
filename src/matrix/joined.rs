//! A matrix in pieces: how a model is stored that was cut for several devices.
//!
//! Each device held some rows or some columns of every matrix, and each wrote a file of its own. The
//! pieces stay where they are, and a product is put together from theirs.
//!
//! Source: `ColumnParallelLinear` and `RowParallelLinear` in facebookresearch/fairscale, after
//! Shoeybi et al., Megatron-LM (2019), section 3.

use super::{Matrix, Source, product};
use crate::error::Result;
use candle_core::Tensor;
use std::sync::Arc;

/// Where the next piece lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Along {
    /// Below: each piece has some of the rows, and gives some of the outputs.
    Rows,
    /// Beside: each piece has some of the columns, and the outputs are sums of theirs.
    Columns,
}

impl Matrix {
    /// A matrix of `shape` = `(out, in)` from its pieces, in order; `None` if they do not make one.
    pub(crate) fn joined(name: &str, shape: (usize, usize), pieces: Vec<Matrix>) -> Option<Matrix> {
        let card = |piece: &Matrix| (piece.out_dim, piece.in_dim, piece.dtype);
        let (rows, columns, dtype) = card(pieces.first()?);
        let are_equal = pieces.iter().all(|piece| card(piece) == (rows, columns, dtype));
        let along = if (pieces.len() * rows, columns) == shape {
            Along::Rows
        } else if (rows, pieces.len() * columns) == shape {
            Along::Columns
        } else {
            return None;
        };
        are_equal.then(|| Matrix {
            name: name.into(),
            out_dim: shape.0,
            in_dim: shape.1,
            dtype,
            source: Source::Joined { pieces: Arc::new(pieces), along },
        })
    }

    /// The numbers of one row of a joined matrix, as f32.
    pub(super) fn widen_joined_row(
        &self,
        pieces: &[Matrix],
        along: Along,
        row: usize,
        out: &mut [f32],
    ) -> Result<()> {
        let n = pieces.len();
        match along {
            Along::Rows => {
                let n_rows = self.out_dim / n;
                pieces[row / n_rows].widen_row(row % n_rows, out)
            }
            Along::Columns => {
                let parts = out.chunks_mut(self.in_dim / n);
                (pieces.iter().zip(parts)).try_for_each(|(piece, part)| piece.widen_row(row, part))
            }
        }
    }
}

/// x `[T, in]` → `[T, out]`. A matrix that is not in pieces is its only one.
pub(super) fn multiply(x: &Tensor, w: &Matrix) -> Result<Tensor> {
    let (pieces, along) = match &w.source {
        Source::Joined { pieces, along } => (&pieces[..], *along),
        _ => (std::slice::from_ref(w), Along::Rows),
    };
    let mut products = vec![];
    for (i, piece) in pieces.iter().enumerate() {
        let x = match along {
            Along::Rows => x.clone(),
            Along::Columns => x.narrow(1, i * piece.in_dim, piece.in_dim)?,
        };
        products.extend(product::on_the_cpu(&x, [piece])?);
    }
    match along {
        Along::Rows => Ok(Tensor::cat(&products, 1)?),
        Along::Columns => Ok(Tensor::stack(&products, 0)?.sum(0)?),
    }
}
