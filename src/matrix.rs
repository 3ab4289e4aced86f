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

impl Matrix {
    pub(crate) fn row_bytes(file: &[u8], offset: usize, n: usize, row: usize) -> &[u8] {
        &file[offset + row * n..][..n]
    }

    #[inline(always)]
    pub(crate) fn widen(&self, row: usize, start: usize, out: &mut [f32]) -> crate::Result<()> {
        match &self.source {
            Source::Mapped {
                file,
                offset,
                order,
            } => {
                let (b, s) = (self.dtype.block_size(), self.dtype.type_size());
                let n = self.in_dim / b * s;
                let row = Self::row_bytes(file, *offset, n, order.stored_row(row));
                crate::widen::widen(self.dtype, &row[start / b * s..][..out.len() / b * s], out)
            }
            Source::Random { seed, std } => {
                crate::random_weights::fill(*seed, *std, row, start, out);
                Ok(())
            }
        }
    }

    pub fn from_bytes(
        name: &str,
        out_dim: usize,
        in_dim: usize,
        dtype: GgmlDType,
        bytes: &[u8],
    ) -> crate::Result<Matrix> {
        let mut map = memmap2::MmapMut::map_anon(bytes.len()).unwrap();
        map.copy_from_slice(bytes);
        Ok(Matrix {
            name: name.into(),
            out_dim,
            in_dim,
            dtype,
            source: Source::Mapped {
                file: Arc::new(map.make_read_only().unwrap()),
                offset: 0,
                order: RowOrder::AsStored,
            },
        })
    }
    pub fn random(name: &str, out_dim: usize, in_dim: usize, seed: u64, std: f32) -> Matrix {
        Matrix {
            name: name.into(),
            out_dim,
            in_dim,
            dtype: GgmlDType::BF16,
            source: Source::Random { seed, std },
        }
    }
}
impl Matrix {
    pub fn to_tensor(&self) -> crate::Result<candle_core::Tensor> {
        let ids: Vec<u32> = (0..self.out_dim as u32).collect();
        self.rows(&ids)
    }
    pub fn rows(&self, ids: &[u32]) -> crate::Result<candle_core::Tensor> {
        let mut out = vec![0f32; ids.len() * self.in_dim];
        for (id, out) in ids.iter().zip(out.chunks_mut(self.in_dim)) {
            if *id as usize >= self.out_dim {
                return Err(crate::Error::TokenOutOfRange {
                    id: *id,
                    vocab_size: self.out_dim,
                });
            }
            self.widen(*id as usize, 0, out)?;
        }
        Ok(candle_core::Tensor::from_vec(
            out,
            (ids.len(), self.in_dim),
            &candle_core::Device::Cpu,
        )?)
    }
}
impl Matrix {
    pub fn widen_row(&self, row: usize, out: &mut [f32]) {
        let _ = self.widen(row, 0, out);
    }
}
