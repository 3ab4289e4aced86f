//! The table of where the time went.

use super::*;
use std::time::Instant;

const STEPS: &str = "embedding,norm,qkv,rope,scores,softmax,values,output,\
                     residual,SwiGLU,gate and up,down,logits";

#[derive(Debug)]
struct Row {
    depth: usize,
    name: String,
    calls: usize,
    milliseconds: f64,
    percent: f64,
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split('|').collect();
    let number = |i: usize| cells[i].trim().trim_end_matches(" %");
    Row {
        depth: (line.len() - line.trim_start().len()) / 2,
        name: cells[0].trim().to_string(),
        // The total has none.
        calls: number(1).parse().unwrap_or(0),
        milliseconds: number(2).parse().unwrap(),
        percent: number(4).parse().unwrap(),
    }
}

/// The rows of a run with two texts of five tokens, and the milliseconds it took with all around it.
fn profiled() -> (Vec<Row>, f64) {
    let options = ["--max-tokens", "5", "--batch", "2", "--profile", "--prompt"];
    let start = Instant::now();
    let output = generate(&[&TINY, &options[..], &["Once upon a time"]].concat());
    let took = start.elapsed().as_secs_f64() * 1e3;
    let stderr = stderr(&output);
    let (_, table) = stderr.split_once("\nstep ").expect(&stderr);
    (table.lines().skip(1).map(row).collect(), took)
}

#[test]
fn the_profile_has_every_step() {
    let (rows, _) = profiled();
    let expected =
        format!("prefill,{STEPS},cache copies,sampling,text,decode,{STEPS},sampling,text,total");
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names.join(","), expected);
    // After the first tokens: four passes through two layers for two texts.
    let decode = names.iter().position(|name| *name == "decode").unwrap();
    let calls = |name: &str| {
        let row = rows[decode..].iter().find(|row| row.name == name);
        row.unwrap().calls
    };
    let calls = ["decode", "qkv", "norm", "scores", "sampling"].map(calls);
    assert_eq!(calls, [4, 8, 16, 16, 8]);
}

#[test]
fn the_profile_adds_up() {
    let (mut rows, took) = profiled();
    let total = rows.pop().unwrap();
    assert_eq!((total.name.as_str(), total.percent), ("total", 100.0));
    assert!(total.milliseconds <= took, "no time counts twice: {total:?}");
    let adds_up = |whole: &Row, below: &[Row], depth: usize| {
        let parts = below.iter().filter(|part| part.depth == depth);
        let sum: f64 = parts.map(|part| part.milliseconds).sum();
        // Each number is rounded to 0.001.
        let rounding = 0.0005 * (below.len() + 1) as f64;
        assert!((sum - whole.milliseconds).abs() <= rounding, "{whole:?}: {sum}");
    };
    adds_up(&total, &rows, 0);
    for (i, row) in rows.iter().enumerate() {
        let percent = 100.0 * row.milliseconds / total.milliseconds;
        assert!((percent - row.percent).abs() < 0.02, "{row:?}");
        let below = &rows[i + 1..];
        let end = below.iter().position(|other| other.depth <= row.depth);
        let below = &below[..end.unwrap_or(below.len())];
        if !below.is_empty() {
            adds_up(row, below, row.depth + 1);
        }
    }
}
