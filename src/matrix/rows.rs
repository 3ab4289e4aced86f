//! The numbers of a [`Matrix`] as f32: a stretch of a row, a row, some rows, all of them.

use super::{Matrix, Source, random, widen};
use crate::error::{Error, Result};
use candle_core::{Device, Tensor};
use pulp::Simd;
use rayon::prelude::*;

impl Matrix {
    /// The f32 numbers of `N` rows from column `start` on, as many as `out` has room for; both ends
    /// at the edge of a block.
    #[inline(always)]
    pub(crate) fn widen_stretch<S: Simd, const N: usize>(
        &self,
        simd: S,
        rows: [usize; N],
        start: usize,
        out: [&mut [f32]; N],
    ) {
        if let Source::Random { seed, std } = self.source {
            for (row, out) in rows.into_iter().zip(out) {
                random::fill(seed, std, row, start, out);
            }
            return;
        }
        let mut stored = [&[] as &[u8]; N];
        for r in 0..N {
            stored[r] = self.stored(rows[r], start, out[r].len());
        }
        widen::widen(simd, self.dtype, stored, out)
    }

    /// The numbers of row `row`, as f32.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there is no such row, or `out` has another length.
    pub fn widen_row(&self, row: usize, out: &mut [f32]) -> Result<()> {
        if row >= self.out_dim || out.len() != self.in_dim {
            let expected = format!("row 0 to {} and {} columns", self.out_dim - 1, self.in_dim);
            let found = [row, out.len()];
            return Err(Error::shape(&self.name, expected, &found, "found means [row, columns]"));
        }
        if let Source::Joined { pieces, along } = &self.source {
            return self.widen_joined_row(pieces, *along, row, out);
        }
        pulp::Arch::new().dispatch(WidenRow { matrix: self, row, out });
        Ok(())
    }

    /// The whole matrix as a tensor.
    ///
    /// # Shapes
    ///
    /// → `[out, in]` f32
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] if candle cannot read the numbers.
    pub fn to_tensor(&self) -> Result<Tensor> {
        self.widen_rows(self.out_dim, |i| i)
    }

    /// The rows with these numbers: looking up embeddings.
    ///
    /// # Shapes
    ///
    /// → `[ids.len(), in]` f32
    ///
    /// ```
    /// use llama3::matrix::Kind;
    /// let stored: Vec<u8> = [1f32, 2., 3., 4.].iter().flat_map(|w| w.to_le_bytes()).collect();
    /// let table = llama3::Matrix::from_bytes("table", 2, 2, Kind::F32, &stored)?;
    /// assert_eq!(table.rows(&[1, 1, 0])?.to_vec2::<f32>()?, [[3., 4.], [3., 4.], [1., 2.]]);
    /// # Ok::<(), llama3::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::TokenOutOfRange`] if there is no such row.
    pub fn rows(&self, ids: &[u32]) -> Result<Tensor> {
        let vocab_size = self.out_dim;
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocab_size) {
            return Err(Error::TokenOutOfRange { id, vocab_size });
        }
        self.widen_rows(ids.len(), |i| ids[i] as usize)
    }

    fn widen_rows(&self, n: usize, row: impl Fn(usize) -> usize + Sync) -> Result<Tensor> {
        let mut values = vec![0.0; n * self.in_dim];
        values
            .par_chunks_mut(self.in_dim)
            .enumerate()
            .try_for_each(|(i, out)| self.widen_row(row(i), out))?;
        Ok(Tensor::from_vec(values, (n, self.in_dim), &Device::Cpu)?)
    }
}

/// The name of the work for `pulp`, which compiles it for each set of vector instructions.
struct WidenRow<'a> {
    matrix: &'a Matrix,
    row: usize,
    out: &'a mut [f32],
}

impl pulp::WithSimd for WidenRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.matrix.widen_stretch(simd, [self.row], 0, [self.out]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Kind;

    fn small() -> Result<Matrix> {
        let bytes: Vec<u8> = (0..6).flat_map(|i| (i as f32).to_le_bytes()).collect();
        Matrix::from_bytes("tok_embeddings.weight", 3, 2, Kind::F32, &bytes)
    }

    #[test]
    fn rows_are_looked_up() -> Result<()> {
        let w = small()?;
        assert_eq!(w.rows(&[2, 0, 2])?.to_vec2::<f32>()?, [[4., 5.], [0., 1.], [4., 5.]]);
        assert_eq!(w.rows(&[])?.dims(), [0, 2]);
        let error = w.rows(&[1, 3]).map(|_| ());
        assert!(matches!(error, Err(Error::TokenOutOfRange { id: 3, vocab_size: 3 })));
        Ok(())
    }

    #[test]
    fn a_row_is_widened_or_refused() -> Result<()> {
        let (w, mut out) = (small()?, [0.0; 2]);
        w.widen_row(1, &mut out)?;
        assert_eq!(out, [2., 3.]);
        let row: Vec<u8> = [2f32, 3.].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(w.stored(1, 0, 2), &row);
        assert!(w.widen_row(3, &mut out).is_err());
        assert!(w.widen_row(0, &mut out[..1]).is_err());
        Ok(())
    }

    #[test]
    fn debug_shows_a_card() -> Result<()> {
        assert_eq!(format!("{:?}", small()?), "tok_embeddings.weight: [3, 2] F32, 24 B");
        let wq = Matrix::random("layers.0.attention.wq.weight", 4096, 4096, 0, 1.0)?;
        let card = "layers.0.attention.wq.weight: [4096, 4096] BF16, 33.6 MB";
        assert_eq!(format!("{wq:?}"), card);
        Ok(())
    }
}
