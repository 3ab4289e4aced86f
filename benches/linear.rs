//! How close is `linear` to what the machine can do?
//!
//! One token is limited by memory: every weight is read once and used once. A prompt of many tokens
//! is limited by arithmetic. Both limits are measured here, in turn with `linear` itself, so that
//! whatever else the machine is doing disturbs all alike. `cargo bench -p llama3-benches --bench linear`

use candle_core::{DType, Device, Tensor};
use criterion::{Criterion, Throughput};
use limits::{GEMM_ROWS, Gemm, IN, Read, random};
use llama3::{Matrix, Result, linear, matrix::Kind};
use std::hint::black_box;
use std::time::Instant;

const OUT: usize = 14336; // Llama 3 8B's w1: the largest matrix of a block

/// One line of the table.
struct Case {
    name: &'static str,
    bytes: usize,
    flops: usize,
    run: Box<dyn FnMut() -> Result<()>>,
    seconds: f64,
}

fn main() -> Result<()> {
    let mut cases = limits()?;
    cases.extend(large_matrices()?);
    cases.push(decode()?);
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for case in &mut cases {
        let mut group = criterion.benchmark_group("linear");
        group.throughput(Throughput::Bytes(case.bytes as u64));
        group.bench_function(case.name, |b| b.iter(|| (case.run)()));
    }
    criterion.final_summary();
    for _ in 0..20 {
        for case in &mut cases {
            let start = Instant::now();
            (case.run)()?;
            case.seconds = case.seconds.min(start.elapsed().as_secs_f64());
        }
    }
    print_table(&cases);
    Ok(())
}

/// The fastest of 20 rounds of every case; the first two cases are the limits.
fn print_table(cases: &[Case]) {
    let bandwidth = |c: &Case| c.bytes as f64 / c.seconds / 1e9;
    let arithmetic = |c: &Case| c.flops as f64 / c.seconds / 1e9;
    let (most_bytes, most_flops) = (bandwidth(&cases[0]), arithmetic(&cases[1]));
    let head = ["ms", "GB/s", "of limit", "GFLOP/s", "of limit"];
    print!("\n{:44}", "the fastest of 20 rounds");
    head.iter().for_each(|title| print!("{title:>10}"));
    println!();
    for case in cases {
        let (b, f) = (bandwidth(case), arithmetic(case));
        let (of_b, of_f) = (100. * b / most_bytes, 100. * f / most_flops);
        let ms = case.seconds * 1e3;
        println!("{:44}{ms:10.2}{b:10.1}{of_b:9.0}%{f:10.1}{of_f:9.0}%", case.name);
    }
}

fn case(
    name: &'static str,
    bytes: usize,
    flops: usize,
    mut run: impl FnMut() -> Result<Tensor> + 'static,
) -> Case {
    let run = Box::new(move || run().map(|y| drop(black_box(y))));
    Case { name, bytes, flops, run, seconds: f64::INFINITY }
}

fn limits() -> Result<Vec<Case>> {
    let (read, gemm) = (Read::large(), Gemm::new()?);
    let (bytes, flops) = (read.n_bytes(), gemm.n_flops());
    let run = move || Ok(Tensor::new(read.run(), &Device::Cpu)?);
    Ok(vec![
        case("limit: read 512 MB of memory", bytes, bytes / 4, run),
        case(
            "limit: candle [1024, 4096] x [4096, 4096]",
            (2 * GEMM_ROWS + IN) * IN * 4,
            flops,
            move || gemm.run(),
        ),
    ])
}

fn large_matrices() -> Result<Vec<Case>> {
    let bytes = pseudo_random_bytes(OUT * IN, |r| [r as u8, 0x3f | (r >> 8) as u8 & 0x80]);
    // four matrices in turn, 470 MB: what is read was not read recently
    let matrices = (0..4)
        .map(|i| Matrix::from_bytes(format!("w{i}"), OUT, IN, Kind::BF16, &bytes))
        .collect::<Result<Vec<_>>>()?;
    let (size, flops) = (matrices[0].n_bytes(), 2 * OUT * IN);
    let (mut cases, mut turn) = (Vec::new(), 0);
    for (name, n_tokens) in [("linear bf16, T = 1", 1), ("linear bf16, T = 17", 17)] {
        let (x, matrices) = (random((n_tokens, IN))?, matrices.clone());
        cases.push(case(name, size, n_tokens * flops, move || {
            turn += 1;
            linear(&x, &matrices[turn % 4])
        }));
    }
    let wide = matrices[0].to_tensor()?;
    let stored = wide.to_dtype(DType::BF16)?;
    let x = random((17, IN))?;
    let x_again = x.clone();
    cases.push(case("candle f32 [17, 4096] x [4096, 14336]", 2 * size, 17 * flops, move || {
        Ok(x.matmul(&wide.t()?)?)
    }));
    cases.push(case("candle to_dtype(F32), then matmul, T = 17", size, 17 * flops, move || {
        Ok(x_again.matmul(&stored.to_dtype(DType::F32)?.t()?)?)
    }));
    Ok(cases)
}

/// All the matrices that SmolLM2-135M multiplies for one token, as its GGUF file stores them.
fn decode() -> Result<Case> {
    let (dim, kv, hidden, vocab) = (576, 192, 1536, 49152);
    let mut matrices = Vec::new();
    for _ in 0..30 {
        for out_dim in [dim, kv, kv, dim, hidden, hidden] {
            matrices.push(quantised(out_dim, dim, Kind::Q4_1)?);
        }
        matrices.push(quantised(dim, hidden, Kind::Q4_1)?);
    }
    matrices.push(quantised(vocab, dim, Kind::Q8_0)?);
    let size = matrices.iter().map(Matrix::n_bytes).sum();
    let flops = matrices.iter().map(|w| 2 * w.out_dim * w.in_dim).sum();
    let (x, x_hidden) = (random((1, dim))?, random((1, hidden))?);
    let all = move || {
        for w in &matrices {
            linear(if w.in_dim == dim { &x } else { &x_hidden }, w)?;
        }
        Ok(x.clone())
    };
    // as a model does: enter the thread pool once a token, not once a matrix
    let inside = move || rayon::scope(|_| all());
    let name = "SmolLM2-135M's 211 matrices, Q4_1 and Q8_0";
    Ok(case(name, size, flops, inside))
}

fn quantised(out_dim: usize, in_dim: usize, kind: Kind) -> Result<Matrix> {
    let n_bytes = out_dim * in_dim / kind.block_size() * kind.type_size();
    // whichever of the bytes are taken for f16 numbers: these are finite
    let bytes = pseudo_random_bytes(n_bytes / 2, |r| [r as u8, (r >> 8) as u8 & 0x2f]);
    Matrix::from_bytes(format!("{kind:?}"), out_dim, in_dim, kind, &bytes)
}

/// `n` pairs of bytes (`pair` turns random bits into one) from a small generator, quickly.
fn pseudo_random_bytes(n: usize, pair: impl Fn(u32) -> [u8; 2]) -> Vec<u8> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        pair(state >> 16)
    };
    std::iter::repeat_with(next).take(n).flatten().collect()
}
