//! `linear` against the same sums in f64, for every kind of number and awkward sizes.

use super::*;
use crate::error::Error;
use crate::linear::{by_definition, linear};
use crate::matrix::kind::tests::random_bytes;
use crate::matrix::{Kind, Pages, RowOrder, Source};
use candle_core::{DType, Device};

/// A matrix of normally distributed numbers, stored as `kind`.
fn stored(out_dim: usize, in_dim: usize, kind: Kind) -> Result<Matrix> {
    let bytes = random_bytes(kind, out_dim * in_dim)?;
    Matrix::from_bytes(format!("{kind:?}"), out_dim, in_dim, kind, &bytes)
}

fn random_x(n_tokens: usize, in_dim: usize) -> Result<Tensor> {
    Ok(Tensor::randn(0f32, 1., (n_tokens, in_dim), &Device::Cpu)?)
}

/// Numbers of size 1 summed in f32: errors stay below 1e-5 of the result's typical size √in.
fn assert_close(found: &[f32], x: &Tensor, w: &Matrix) -> Result<()> {
    let (n_tokens, in_dim) = x.dims2()?;
    let all = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
    let expected = by_definition(&all(x)?, &all(&w.to_tensor()?)?, in_dim);
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / (in_dim as f32).sqrt();
        assert!(error < 1e-5, "{w:?}, T = {n_tokens}: {found} is not {expected} at {i}");
    }
    Ok(())
}

#[test]
fn equals_the_sums_in_f64() -> Result<()> {
    for kind in Kind::ALL {
        // the rows end inside a vector, a block of 32, a stretch of 1024
        let in_dims = match kind.block_size() {
            1 => [3, 77, 1029],
            32 => [32, 576, 1056],
            block => [block, 3 * block, 5 * block],
        };
        for in_dim in in_dims {
            for (n_tokens, out_dim) in
                [(1, 1), (2, 9), (5, 4), (6, 3), (7, 14), (17, 131), (40, 10)]
            {
                let (x, w) = (random_x(n_tokens, in_dim)?, stored(out_dim, in_dim, kind)?);
                assert_close(&linear(&x, &w)?.flatten_all()?.to_vec1()?, &x, &w)?;
            }
        }
    }
    Ok(())
}

/// The machine that runs the tests has one set of vector instructions; readers have others.
#[test]
#[cfg(target_arch = "x86_64")]
fn every_instruction_set_gives_the_same_sums() -> Result<()> {
    use pulp::Simd;
    for kind in Kind::ALL {
        for n_tokens in [1, 8] {
            let (x, w) = (random_x(n_tokens, 1280)?, stored(11, 1280, kind)?);
            let inputs = Inputs::new(&x.flatten_all()?.to_vec1::<f32>()?, 1280);
            let run = |dispatch: &dyn Fn(Multiply)| {
                let mut y = vec![0.0; 11 * n_tokens];
                let scratch = &mut Scratch::new();
                let task = Task { w: &w, first_row: 0, x: &inputs, y: &mut y };
                dispatch(Multiply { task, scratch });
                assert_close(&transposed(&y, n_tokens), &x, &w)
            };
            run(&|work| pulp::Scalar::vectorize(pulp::Scalar, work))?;
            if let Some(v3) = pulp::x86::V3::try_new() {
                run(&|work| Simd::vectorize(v3, work))?;
            }
        }
    }
    Ok(())
}

#[test]
fn a_token_gets_the_same_numbers_alone_and_among_others() -> Result<()> {
    for kind in Kind::ALL {
        let (x, w) = (random_x(7, 1280)?, stored(10, 1280, kind)?);
        let together = linear(&x, &w)?.to_vec2::<f32>()?;
        for (t, expected) in together.into_iter().enumerate() {
            assert_eq!(linear(&x.get(t)?, &w)?.to_vec1::<f32>()?, expected, "{kind:?}");
        }
    }
    Ok(())
}

#[test]
fn the_number_of_threads_changes_nothing() -> Result<()> {
    let stored = stored(300, 700, Kind::BF16)?;
    for w in [stored, Matrix::random("random", 300, 700, 42, 0.02)?] {
        for n_tokens in [1, 17] {
            let x = random_x(n_tokens, 700)?;
            let with_threads = |n| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
                let pool = pool.map_err(|e| Error::Argument(e.to_string()))?;
                let y = pool.install(|| linear(&x, &w))?;
                Ok::<_, Error>((
                    y.to_vec2::<f32>()?,
                    pool.install(|| w.to_tensor())?.to_vec2::<f32>()?,
                ))
            };
            assert_eq!(with_threads(1)?, with_threads(2)?);
        }
    }
    Ok(())
}

#[test]
fn random_weights_are_the_same_in_a_product_and_in_a_tensor() -> Result<()> {
    let w = Matrix::random("random", 50, 1100, 7, 1.0)?;
    for n_tokens in [1, 6] {
        let x = random_x(n_tokens, 1100)?;
        assert_close(&linear(&x, &w)?.flatten_all()?.to_vec1()?, &x, &w)?;
    }
    Ok(())
}

/// Rows 0 1 2 3 of a head of four, stored as Hugging Face does: first the even ones, 0 2 1 3.
#[test]
fn half_split_rows_are_put_back_in_order() -> Result<()> {
    let stored = [0., 2., 1., 3., 4., 6., 5., 7f32].map(f32::to_le_bytes);
    let mut w = Matrix::from_bytes("wq", 8, 1, Kind::F32, stored.as_flattened())?;
    if let Source::Stored { order, .. } = &mut w.source {
        *order = RowOrder::HalfSplit { head_dim: 4 };
    }
    let in_order: Vec<f32> = (0..8).map(|row| row as f32).collect();
    assert_eq!(w.to_tensor()?.flatten_all()?.to_vec1::<f32>()?, in_order);
    for n_tokens in [1, 2] {
        let y = linear(&Tensor::ones((n_tokens, 1), DType::F32, &Device::Cpu)?, &w)?;
        assert_eq!(y.get(n_tokens - 1)?.to_vec1::<f32>()?, in_order);
    }
    Ok(())
}

#[test]
fn the_leading_axes_of_x_are_kept() -> Result<()> {
    let w = stored(5, 3, Kind::F32)?;
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu);
    assert_eq!(linear(&zeros(&[3])?, &w)?.dims(), [5]);
    assert_eq!(linear(&zeros(&[2, 4, 3])?, &w)?.dims(), [2, 4, 5]);
    assert_eq!(linear(&zeros(&[0, 3])?, &w)?.dims(), [0, 5]);
    // a view that is not contiguous
    let x = random_x(3, 2)?.t()?;
    assert_close(&linear(&x, &w)?.flatten_all()?.to_vec1()?, &x, &w)
}

#[test]
fn a_wrong_x_is_an_error_that_names_the_matrix() -> Result<()> {
    let w = stored(5, 3, Kind::F32)?;
    let message = |x: &Tensor| format!("{:?}", linear(x, &w));
    let found = message(&random_x(2, 4)?);
    assert!(found.contains("F32: expected x of shape […, 3], found [2, 4]"), "{found}");
    let found = message(&Tensor::new(1f32, &Device::Cpu)?);
    assert!(found.contains("found []"), "{found}");
    let found = message(&random_x(2, 3)?.to_dtype(DType::BF16)?);
    assert!(found.contains("to_dtype"), "{found}");
    Ok(())
}

fn assert_shape_error(w: Result<Matrix>) {
    assert!(matches!(w, Err(Error::Shape { .. })), "{w:?}");
}

#[test]
fn a_matrix_that_cannot_be_is_an_error() {
    let of_bytes = |(out_dim, in_dim), dtype, n| {
        assert_shape_error(Matrix::from_bytes("w", out_dim, in_dim, dtype, &vec![0; n]))
    };
    of_bytes((2, 3), Kind::F32, 23);
    of_bytes((2, 3), Kind::F32, 25);
    of_bytes((0, 3), Kind::F32, 0);
    of_bytes((1, 33), Kind::Q8_0, 68); // no whole blocks of 32
    of_bytes((usize::MAX, 2), Kind::F32, 8);
    assert_shape_error(Matrix::random("wide", 2, usize::MAX / 3, 0, 1.0));
    assert_shape_error(Matrix::random("empty", 2, 0, 0, 1.0));
}

#[test]
fn a_matrix_that_is_not_in_its_file_is_an_error() -> Result<()> {
    let w = stored(6, 3, Kind::F32)?;
    let Source::Stored { bytes, .. } = w.source else { unreachable!() };
    for (offset, head_dim) in [(4, 2), (0, 4), (0, 3), (0, 0), (usize::MAX, 2)] {
        let (bytes, order) = (bytes.clone(), RowOrder::HalfSplit { head_dim });
        let source = Source::Stored { bytes, offset, order, pages: Pages::Own };
        assert_shape_error(Matrix::new("heads", (6, 3), Kind::F32, source));
    }
    Ok(())
}
