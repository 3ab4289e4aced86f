use super::*;
use crate::matrix::random::SplitMix64;
use candle_core::Device;

/// ln 1, ln 4, ln 2, ln 1: the probabilities are 1/8, 4/8, 2/8, 1/8.
fn eighths() -> Tensor {
    tensor(&[0.0, 4_f32.ln(), 2_f32.ln(), 0.0])
}

fn tensor(logits: &[f32]) -> Tensor {
    Tensor::new(logits, &Device::Cpu).unwrap()
}

fn assert_close(found: &[(u32, f32)], expected: &[(u32, f32)]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (f, e) in found.iter().zip(expected) {
        // One rounding of ln and one of the result, in f32.
        assert!(f.0 == e.0 && (f.1 - e.1).abs() < 1e-6, "{found:?} {expected:?}");
    }
}

#[test]
fn greedy_takes_the_lowest_id_of_the_highest() {
    assert_eq!(greedy(&tensor(&[1.0, 3.0, 2.0, 3.0])).unwrap(), 1);
    assert_eq!(greedy(&tensor(&[-0.0, 0.0])).unwrap(), 0);
    assert_eq!(greedy(&tensor(&[f32::NEG_INFINITY, -9.0])).unwrap(), 1);
    let bf16 = tensor(&[1.0, 3.0]).to_dtype(DType::BF16).unwrap();
    assert_eq!(greedy(&bf16).unwrap(), 1);
}

#[test]
fn softmax_by_hand() {
    let probs = softmax_with_temperature(&eighths(), 1.0).unwrap();
    assert_close(&probs, &[(1, 0.5), (2, 0.25), (0, 0.125), (3, 0.125)]);
    // Temperature 1/2 squares: 1, 16, 4, 1 of 22.
    let probs = softmax_with_temperature(&eighths(), 0.5).unwrap();
    let of_22 = |n: f32| n / 22.0;
    assert_close(&probs, &[(1, of_22(16.0)), (2, of_22(4.0)), (0, of_22(1.0)), (3, of_22(1.0))]);
    // Far beyond what exp can hold, and a temperature close to none.
    let probs = softmax_with_temperature(&tensor(&[1e30, 3e30]), 1e-38).unwrap();
    assert_close(&probs, &[(1, 1.0), (0, 0.0)]);
    let probs = softmax_with_temperature(&tensor(&[f32::MIN, f32::MAX]), 1.0).unwrap();
    assert_close(&probs, &[(1, 1.0), (0, 0.0)]);
}

#[test]
fn top_k_by_hand() {
    let probs = softmax_with_temperature(&eighths(), 1.0).unwrap();
    assert_close(&top_k(probs.clone(), 2), &[(1, 2.0 / 3.0), (2, 1.0 / 3.0)]);
    assert_close(&top_k(probs.clone(), 0), &probs);
    assert_close(&top_k(probs.clone(), 99), &probs);
}

#[test]
fn top_p_keeps_the_smallest_set_that_reaches_p() {
    let probs = vec![(1, 0.5), (2, 0.25), (0, 0.125), (3, 0.125)];
    let kept = |p| top_p(probs.clone(), p).len();
    assert_eq!([kept(1e-9), kept(0.5), kept(0.51), kept(0.75)], [1, 1, 2, 2]);
    assert_eq!([kept(0.76), kept(0.875), kept(0.9), kept(1.0)], [3, 3, 4, 4]);
    assert_close(&top_p(probs, 0.75), &[(1, 2.0 / 3.0), (2, 1.0 / 3.0)]);
}

#[test]
fn top_lists_the_likeliest_with_the_models_own_probabilities() {
    let best = top(&eighths(), 3).unwrap();
    let ids: Vec<u32> = best.iter().map(|c| c.id).collect();
    assert_eq!(ids, [1, 2, 0]);
    assert_eq!(best[0].logit, 4_f32.ln());
    assert!((best[0].prob - 0.5).abs() < 1e-6);
    assert_eq!(top(&eighths(), 0).unwrap().len(), 4);
    assert_eq!(top(&eighths(), 99).unwrap().len(), 4);
}

#[test]
fn the_sampler_draws_as_often_as_the_probabilities_say() {
    let sampling = Sampling { temperature: 1.0, ..Sampling::default() };
    let mut sampler = Sampler::new(sampling).unwrap();
    let mut counts = [0; 4];
    for _ in 0..80_000 {
        counts[sampler.next(&eighths()).unwrap() as usize] += 1;
    }
    for (count, expected) in counts.iter().zip([10_000_i32, 40_000, 20_000, 10_000]) {
        // The standard deviation is at most 142; the seed is fixed.
        assert!((count - expected).abs() < 500, "{counts:?}");
    }
}

#[test]
fn top_k_and_top_p_limit_the_sampler() {
    let with = |top_k, top_p| {
        let sampling = Sampling { temperature: 5.0, top_k, top_p, seed: 7 };
        let mut sampler = Sampler::new(sampling).unwrap();
        let mut ids: Vec<u32> = (0..500).map(|_| sampler.next(&eighths()).unwrap()).collect();
        ids.sort();
        ids.dedup();
        ids
    };
    assert_eq!(with(0, 1.0), [0, 1, 2, 3]);
    assert_eq!(with(2, 1.0), [1, 2]);
    assert_eq!(with(1, 1.0), [1]);
    assert_eq!(with(0, 1e-6), [1]);
}

#[test]
fn the_same_seed_draws_the_same_tokens() {
    let draw = |seed| -> Vec<u32> {
        let sampling = Sampling { temperature: 1.0, seed, ..Sampling::default() };
        let mut sampler = Sampler::new(sampling).unwrap();
        (0..50).map(|_| sampler.next(&eighths()).unwrap()).collect()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn splitmix64_gives_the_published_numbers() {
    // The reference implementation, https://prng.di.unimi.it/splitmix64.c, from seed 1234567.
    let mut random = SplitMix64(1_234_567);
    assert_eq!(random.next(), 6_457_827_717_110_365_317);
    assert_eq!(random.next(), 3_203_168_211_198_807_973);
    assert_eq!(random.next(), 9_817_491_932_198_370_423);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let refused = |temperature, top_p| {
        Sampler::new(Sampling { temperature, top_p, ..Sampling::default() }).is_err()
    };
    assert!(!refused(0.0, 1.0) && !refused(2.0, 0.1));
    for temperature in [-0.1, f32::NAN, f32::INFINITY] {
        assert!(refused(temperature, 1.0), "{temperature}");
    }
    for top_p in [0.0, -1.0, 1.1, f32::NAN] {
        assert!(refused(1.0, top_p), "{top_p}");
    }
    assert!(softmax_with_temperature(&eighths(), 0.0).is_err());
}

#[test]
fn broken_logits_are_refused() {
    let error = greedy(&tensor(&[0.0, f32::NAN])).unwrap_err().to_string();
    assert!(error.contains("token 1 is NaN"), "{error}");
    assert!(greedy(&tensor(&[0.0, f32::INFINITY])).is_err());
    assert!(greedy(&tensor(&[f32::NEG_INFINITY; 3])).is_err());
    assert!(greedy(&tensor(&[])).is_err());
    assert!(top(&tensor(&[f32::NAN]), 1).is_err());
    let rows = Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap();
    let error = greedy(&rows).unwrap_err().to_string();
    assert!(error.contains("[2, 3]"), "{error}");
}

/// What the shortcut leaves out would never have been drawn: the same tokens as by the plain steps.
#[test]
fn a_sampler_draws_what_the_plain_steps_draw() {
    let logits: Vec<f32> = (0..2000).map(|i| ((i * 7919) % 2003) as f32 / 150.0).collect();
    let logits = tensor(&logits);
    for (temperature, k, p) in
        [(1.0, 0, 0.9), (0.6, 0, 0.5), (2.0, 40, 0.9), (1.0, 7, 1.0), (1.0, 0, 1.0)]
    {
        let how = Sampling { temperature, top_k: k, top_p: p, seed: 3 };
        let (mut sampler, mut random) = (Sampler::new(how).unwrap(), SplitMix64(3));
        for _ in 0..200 {
            let probs = softmax_with_temperature(&logits, temperature).unwrap();
            let rest = super::top_p(super::top_k(probs, k), p);
            let (mut sum, u) = (0.0, random.uniform());
            let drawn = rest.iter().find(|(_, prob)| {
                sum += f64::from(*prob);
                sum > u
            });
            assert_eq!(sampler.next(&logits).unwrap(), drawn.unwrap_or(&rest[0]).0);
        }
    }
}
