//! One weight matrix where it lies: a view of the mapped file, or seeded random numbers.
//!
//! A [`Matrix`] is cheap to clone and owns what it points to, so it can live in a notebook's
//! variable. Nothing is read until a row is asked for.

use candle_core::quantized::GgmlDType;

use std::sync::Arc;

/// A weight matrix `[out, in]`, stored as it is in the file.
///
/// Vectors (the norm weights) are matrices of one row.
#[derive(Clone)]
pub struct Matrix {
    /// The name, for error messages.
    pub name: String,
    /// Rows: the size of the output.
    pub out_dim: usize,
    /// Columns: the size of the input.
    pub in_dim: usize,
    /// How the numbers are stored.
    pub dtype: GgmlDType,
    pub(crate) source: Source,
}

#[derive(Clone)]
pub(crate) enum Source {
    /// Rows one after another in a mapped file, from `offset` on.
    Mapped {
        file: Arc<memmap2::Mmap>,
        offset: usize,
        order: RowOrder,
    },
    /// Numbers drawn when they are asked for: see `checkpoint::rehearsal`.
    Random { seed: u64, std: f32 },
}

/// The order of a query or key matrix's rows inside each head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowOrder {
    /// Row r of the file is row r of the matrix (Meta's order: RoPE rotates rows 2i and 2i+1).
    AsStored,
    /// The file holds each head's even rows first, then its odd rows (Hugging Face's order).
    HalfSplit { head_dim: usize },
}

impl RowOrder {
    /// The file's row that holds row `row` of the matrix in Meta's order.
    pub fn stored_row(self, row: usize) -> usize {
        match self {
            RowOrder::AsStored => row,
            RowOrder::HalfSplit { head_dim } => {
                let (head, i) = (row / head_dim, row % head_dim);
                head * head_dim + i / 2 + (i % 2) * (head_dim / 2)
            }
        }
    }
}

impl Matrix {
    /// The size of the stored numbers in bytes.
    pub fn n_bytes(&self) -> usize {
        self.out_dim * self.in_dim / self.dtype.block_size() * self.dtype.type_size()
    }
}
