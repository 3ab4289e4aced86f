//! One weight matrix, read in place: a view of a model's bytes, or seeded random numbers.
//!
//! A [`Matrix`] is cheap to clone and owns what it points to, so it can live in a notebook's
//! variable. Nothing is read until a row is asked for.

mod bytes;
mod joined;
mod kind;
mod many_tokens;
pub mod memory;
mod one_token;
mod pages;
pub(crate) mod product;
pub(crate) mod random;
mod rows;
pub(crate) mod threads;
pub(crate) mod widen;

pub(crate) use bytes::Bytes;
pub use kind::Kind;
pub(crate) use pages::Pages;

use crate::error::{Error, Result};
use joined::Along;
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
    pub dtype: Kind,
    pub(crate) source: Source,
}

#[derive(Clone)]
pub(crate) enum Source {
    /// Rows one after another in a model's bytes, from `offset` on.
    Stored { bytes: Bytes, offset: usize, order: RowOrder, pages: Pages },
    /// Equal pieces, each stored in a file of its own.
    Joined { pieces: Arc<Vec<Matrix>>, along: Along },
    /// Numbers drawn when they are asked for: see `checkpoint::rehearsal`.
    Random { seed: u64, std: f32 },
}

/// The order of a query or key matrix's rows inside each head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowOrder {
    /// Row r of the file is row r of the matrix (Meta's order: RoPE rotates rows 2i and 2i+1).
    AsStored,
    /// The file holds each head's even rows first, then its odd rows (Hugging Face's order).
    HalfSplit {
        /// The size of one head: how many rows belong together.
        head_dim: usize,
    },
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
    /// A view of `shape` = `(out, in)` numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the source cannot hold them.
    pub(crate) fn new(
        name: impl Into<String>,
        shape: (usize, usize),
        dtype: Kind,
        source: Source,
    ) -> Result<Matrix> {
        let (name, (out_dim, in_dim)) = (name.into(), shape);
        let matrix = Matrix { name, out_dim, in_dim, dtype, source };
        match matrix.problem() {
            None => Ok(matrix),
            Some((expected, hint)) => {
                Err(Error::shape(matrix.name, expected, &[out_dim, in_dim], hint))
            }
        }
    }

    /// A matrix of the rehearsal model: random bf16 numbers that are drawn when they are needed.
    pub(crate) fn random(
        name: impl Into<String>,
        out_dim: usize,
        in_dim: usize,
        seed: u64,
        std: f32,
    ) -> Result<Matrix> {
        Matrix::new(name, (out_dim, in_dim), Kind::BF16, Source::Random { seed, std })
    }

    /// A matrix from its stored bytes, row after row: for small examples by hand.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there are more or fewer bytes than such a matrix has.
    pub fn from_bytes(
        name: impl Into<String>,
        out_dim: usize,
        in_dim: usize,
        dtype: Kind,
        bytes: &[u8],
    ) -> Result<Matrix> {
        let source = Source::Stored {
            bytes: bytes.to_vec().into(),
            offset: 0,
            order: RowOrder::AsStored,
            pages: Pages::Own,
        };
        let matrix = Matrix::new(name, (out_dim, in_dim), dtype, source)?;
        if matrix.n_bytes() != bytes.len() {
            let expected = format!("a matrix of the {} bytes given", bytes.len());
            let hint = format!("{dtype:?} takes {} bytes for this shape", matrix.n_bytes());
            return Err(Error::shape(matrix.name, expected, &[out_dim, in_dim], hint));
        }
        Ok(matrix)
    }

    /// What was expected instead of this shape, and a hint, if the matrix cannot be read.
    fn problem(&self) -> Option<(String, String)> {
        let (dtype, block) = (self.dtype, self.dtype.block_size());
        if self.out_dim == 0 || self.in_dim == 0 || !self.in_dim.is_multiple_of(block) {
            let expected = format!("rows of one or more times {block} numbers");
            return Some((expected, format!("that is how {dtype:?} stores them")));
        }
        let n_bytes = (self.in_dim / block)
            .checked_mul(dtype.type_size())
            .and_then(|row_size| row_size.checked_mul(self.out_dim));
        let mut rest = isize::MAX as usize; // no memory is larger
        if let Source::Stored { bytes, offset, .. } = &self.source {
            rest = bytes.len().saturating_sub(*offset);
        }
        if n_bytes.is_none_or(|n| n > rest) {
            let expected = format!("a matrix that fits in the {rest} bytes there are");
            return Some((expected, "is the file complete?".into()));
        }
        if let Source::Stored { order, .. } = &self.source
            && let RowOrder::HalfSplit { head_dim } = *order
            && (head_dim == 0 || head_dim % 2 != 0 || !self.out_dim.is_multiple_of(head_dim))
        {
            let expected = format!("whole heads of {head_dim} rows, an even number");
            return Some((expected, "is the configuration from the same model?".into()));
        }
        None
    }

    /// The size of the stored numbers in bytes.
    pub fn n_bytes(&self) -> usize {
        self.out_dim * self.row_size()
    }

    /// The size of one stored row in bytes.
    fn row_size(&self) -> usize {
        self.in_dim / self.dtype.block_size() * self.dtype.type_size()
    }

    /// The bytes of `len` numbers of row `row` from column `start` on, both ends at the edge of a
    /// block; none of random numbers, which are not stored, and of pieces, which are asked themselves.
    #[inline(always)]
    pub(crate) fn stored(&self, row: usize, start: usize, len: usize) -> &[u8] {
        let bytes = self.stored_from(row, start);
        let n_bytes = len / self.dtype.block_size() * self.dtype.type_size();
        bytes.get(..n_bytes).unwrap_or_default()
    }

    /// All bytes from column `start` of row `row` on: the row's end, and what follows it.
    #[inline(always)]
    pub(crate) fn stored_from(&self, row: usize, start: usize) -> &[u8] {
        match &self.source {
            Source::Stored { bytes, offset, order, .. } => {
                let start = start / self.dtype.block_size() * self.dtype.type_size();
                let start = offset + order.stored_row(row) * self.row_size() + start;
                bytes.get(start..).unwrap_or_default()
            }
            Source::Joined { .. } | Source::Random { .. } => &[],
        }
    }
}

/// What a notebook shows: `layers.0.attention.wq.weight: [4096, 4096] BF16, 33.6 MB`.
impl std::fmt::Debug for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Matrix { name, out_dim, in_dim, dtype, .. } = self;
        let size = memory::in_words(self.n_bytes() as u64);
        write!(f, "{name}: [{out_dim}, {in_dim}] {dtype:?}, {size}")
    }
}
