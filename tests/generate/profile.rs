//! The table of where the time went.

use super::*;

#[test]
fn the_profile_adds_up() {
    let options = ["--prompt", "Once upon a time", "--max-tokens", "5"];
    let output = generate(&[&TINY, &options[..], &["--batch", "2", "--profile"]].concat());
    let stderr = stderr(&output);
    let (_, table) = stderr.split_once("step ").expect(&stderr);
    // (depth, name, calls, total in ms, percent)
    let rows: Vec<(usize, String, usize, f64, f64)> = (table.lines().skip(1))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            let depth = (line.len() - line.trim_start().len()) / 2;
            let number = |i: usize| cells[i].trim().trim_end_matches(" %");
            let calls = number(1).parse().unwrap_or(0);
            let [time, percent] = [2, 4].map(|i| number(i).parse().unwrap());
            (depth, cells[0].trim().to_string(), calls, time, percent)
        })
        .collect();
    let names = |from: usize| rows[from..].iter().map(|row| row.1.as_str());
    let steps = [
        "embedding",
        "norm",
        "qkv",
        "queries",
        "keys",
        "values",
        "rope",
        "scores",
        "softmax",
        "values",
        "output",
        "residual",
        "SwiGLU",
        "gate and up",
        "down",
        "logits",
    ];
    let prefill = ["prefill"].iter().chain(&steps);
    let prefill = prefill.chain(&["cache copies", "sampling", "text"]);
    let decode = ["decode"].iter().chain(&steps);
    let decode = decode.chain(&["sampling", "text", "total"]);
    let expected: Vec<&str> = prefill.chain(decode).copied().collect();
    assert_eq!(names(0).collect::<Vec<_>>(), expected);
    // Every branch is the sum of what is below it, and the total of the phases.
    let total = rows.last().unwrap();
    let near = |sum: f64, whole: f64, n: usize| (sum - whole).abs() <= 0.0006 * (n + 1) as f64;
    for (i, row) in rows.iter().enumerate() {
        let below = rows[i + 1..].iter().take_while(|r| r.0 > row.0);
        let parts: Vec<f64> = below.filter(|r| r.0 == row.0 + 1).map(|r| r.3).collect();
        let sum: f64 = parts.iter().sum();
        assert!(
            parts.is_empty() || near(sum, row.3, parts.len()),
            "{row:?}: {sum}"
        );
        assert!((100.0 * row.3 / total.3 - row.4).abs() < 0.1, "{row:?}");
    }
    let phases = rows.iter().filter(|r| r.0 == 0 && r.1 != "total");
    assert!(near(phases.map(|r| r.3).sum(), total.3, 2), "{stderr}");
    // Four passes after the first, two layers, two texts.
    let decode = expected.iter().rposition(|name| *name == "decode").unwrap();
    let calls = |name: &str| rows[decode..].iter().find(|r| r.1 == name).unwrap().2;
    let of = ["decode", "qkv", "norm", "scores", "sampling"].map(calls);
    assert_eq!(of, [4, 8, 16, 16, 8]);
}
