//! The inner loops of [`linear`](super::linear): some rows of the matrix times all tokens.
//!
//! A dot product is summed in as many lanes as a vector register has, from the first column to the
//! last, and the lanes are added at the end. The order is the same whatever the number of tokens or
//! threads: a token gets the same numbers alone as in a prompt of 500.

use super::many_tokens::{self, Scratch};
use super::one_token;
use crate::{Matrix, Result};
use pulp::{Simd, WithSimd};

/// Some rows of `w` times all tokens: y[r][t] = Σₖ w[first_row + r][k] · x[t][k].
pub(super) struct RowBlock<'a> {
    pub w: &'a Matrix,
    pub first_row: usize,
    pub x: &'a [f32],     // [T, in], T ≥ 1
    pub y: &'a mut [f32], // [rows, T]
    pub scratch: &'a mut Scratch,
}

impl WithSimd for RowBlock<'_> {
    type Output = Result<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> Result<()> {
        let is_one_token = self.x.len() == self.w.in_dim;
        if is_one_token && one_token::multiply(simd, &mut self) {
            return Ok(());
        }
        many_tokens::multiply(simd, self)
    }
}

/// Group `i` of `n_rows` rows: each of its rows is the next piece of a long stretch of memory, for
/// processors guess what comes next in a few such streams, and fetch it early. The last row may come
/// several times.
#[inline(always)]
pub(super) fn far_apart<const N: usize>(i: usize, n_rows: usize) -> [usize; N] {
    let mut rows = [0; N];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = (i + r * n_rows.div_ceil(N)).min(n_rows - 1);
    }
    rows
}
