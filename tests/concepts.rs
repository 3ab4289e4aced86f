//! The laws that each concept must keep, on numbers a person can follow. Sizes differ pairwise, so
//! that a swapped axis cannot pass.

mod common;

use common::distance;
use llama3::notebook::published;
use llama3::prelude::*;

fn tensor(shape: &[usize], seed: u32) -> Tensor {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n)
        .map(|i| {
            ((i as u32).wrapping_mul(2654435761).wrapping_add(seed) >> 16) as f32 / 32768.0 - 1.0
        })
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn small_config() -> Config {
    let mut config = Config::named("tiny").unwrap();
    (config.n_heads, config.n_kv_heads, config.head_dim) = (6, 2, 4);
    config
}

#[test]
fn rope_keeps_lengths() {
    let freqs = rope::freqs(&small_config());
    let x = tensor(&[6, 5, 4], 1);
    let turned = rope::rotate(&x, &rope::angles(&freqs, 100, 5, &Device::Cpu).unwrap()).unwrap();
    let length = |x: &Tensor| flat(&x.sqr().unwrap().sum(D::Minus1).unwrap());
    assert!(distance(&length(&x), &length(&turned)) < 1e-5);
    assert!(distance(&flat(&x), &flat(&turned)) > 0.1);
}

#[test]
fn rope_scores_depend_only_on_the_distance() {
    let freqs = rope::freqs(&Config::named("llama-3-8b").unwrap());
    let (q, k) = (tensor(&[1, 1, 128], 1), tensor(&[1, 1, 128], 2));
    let at = |x: &Tensor, pos| {
        let angles = rope::angles(&freqs, pos, 1, &Device::Cpu).unwrap();
        rope::rotate(x, &angles).unwrap()
    };
    let score = |q_pos, k_pos| flat(&scores(&at(&q, q_pos), &at(&k, k_pos)).unwrap())[0];
    assert!((score(7, 3) - score(1007, 1003)).abs() < 1e-3);
    assert!((score(7, 3) - score(7, 4)).abs() > 1e-2);
}

/// Facts that others printed for the real model, which need no weights.
#[test]
fn rope_frequencies_of_the_8b() {
    let freqs = rope::freqs(&Config::named("llama-3-8b").unwrap());
    let printed = [1.0, 0.81462, 0.6636, 0.54058, 0.44037, 0.35873, 0.29223, 0.23805];
    assert!(distance(&freqs[..8], &printed) < 1e-5);
}

/// Llama 3.1: fast pairs as before, slow pairs 8 times slower, between them neither.
#[test]
fn rope_scaling_of_llama_31() {
    let plain = rope::freqs(&Config::named("llama-3-8b").unwrap());
    let scaled = rope::freqs(&Config::named("llama-3.1-8b").unwrap());
    let ratios: Vec<f32> = plain.iter().zip(&scaled).map(|(p, s)| p / s).collect();
    assert!(ratios[..28].iter().all(|r| (r - 1.0).abs() < 1e-6), "{ratios:?}");
    assert!(ratios[36..].iter().all(|r| (r - 8.0).abs() < 1e-5), "{ratios:?}");
    assert!(ratios.windows(2).all(|pair| pair[1] >= pair[0] - 1e-5));
}

#[test]
fn the_mask_hides_exactly_what_comes_later() {
    let mask: Vec<Vec<f32>> = causal_mask(3, 2, &Device::Cpu).unwrap().to_vec2().unwrap();
    for (query, row) in mask.iter().enumerate() {
        assert_eq!(row.len(), 5);
        for (key, &value) in row.iter().enumerate() {
            let later = key > query + 2;
            assert_eq!(value, if later { f32::NEG_INFINITY } else { 0.0 });
        }
    }
}

#[test]
fn softmax_rows_add_up_to_1_even_for_huge_scores() {
    let scores = (tensor(&[3, 5, 7], 4) * 1e4).unwrap();
    let weights = softmax(&scores).unwrap();
    for sum in flat(&weights.sum(D::Minus1).unwrap()) {
        assert!((sum - 1.0).abs() < 1e-5);
    }
    let hand = softmax(&Tensor::new(&[[0f32, 1f32.ln_1p() /* ln 2 */]], &Device::Cpu).unwrap());
    assert!(distance(&flat(&hand.unwrap()), &[1.0 / 3.0, 2.0 / 3.0]) < 1e-6);
}

/// The heads of a group really read the same key head: against a loop over single heads.
#[test]
fn grouped_queries_against_one_head_at_a_time() {
    let (q, k, v) = (tensor(&[6, 5, 4], 1), tensor(&[2, 7, 4], 2), tensor(&[2, 7, 4], 3));
    let all = scores(&q, &k).unwrap();
    let values = weighted_values(&softmax(&all).unwrap(), &v).unwrap();
    for head in 0..6 {
        let (q, k, v) = (q.get(head).unwrap(), k.get(head / 3).unwrap(), v.get(head / 3).unwrap());
        let one = (q.matmul(&k.t().unwrap()).unwrap() / 2.0).unwrap(); // √head_dim = 2
        assert!(distance(&flat(&one), &flat(&all.get(head).unwrap())) < 1e-6);
        let found = softmax(&one).unwrap().matmul(&v).unwrap();
        assert!(distance(&flat(&found), &flat(&values.get(head).unwrap())) < 1e-6);
    }
}

#[test]
fn splitting_and_merging_heads_are_inverse() {
    let x = tensor(&[5, 24], 1);
    let heads = split_heads(&x, 6).unwrap();
    assert_eq!(heads.dims(), [6, 5, 4]);
    assert_eq!(flat(&heads.i((2, 3)).unwrap()), flat(&x.i((3, 8..12)).unwrap()));
    assert_eq!(flat(&merge_heads(&heads).unwrap()), flat(&x));
}

#[test]
fn rms_norm_against_a_scalar_loop() {
    let (x, weight) = (tensor(&[3, 8], 1), tensor(&[8], 2));
    let normed: Vec<Vec<f32>> = rms_norm(&x, &weight, 1e-5).unwrap().to_vec2().unwrap();
    let weight = flat(&weight);
    for (row, normed) in x.to_vec2::<f32>().unwrap().iter().zip(&normed) {
        let mean = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / 8.0;
        for ((x, w), y) in row.iter().zip(&weight).zip(normed) {
            let expected = f64::from(*x) / (mean + 1e-5).sqrt() * f64::from(*w);
            assert!((expected - f64::from(*y)).abs() < 1e-6);
        }
    }
}

#[test]
fn a_later_token_never_changes_an_earlier_row() {
    let model = Transformer::new(&Checkpoint::rehearsal("tiny").unwrap()).unwrap();
    let run = |ids: &[u32]| model.forward(ids, &mut model.new_cache(), &mut unobserved).unwrap();
    let (a, b) = (run(&[11, 12, 13, 14]), run(&[11, 12, 13, 999]));
    let first_rows = |x: &Tensor| flat(&x.narrow(0, 0, 3).unwrap());
    assert_eq!(first_rows(&a), first_rows(&b));
    assert!(distance(&flat(&a), &flat(&b)) > 1e-3);
}

/// The same weights in both orders give the same model; read in the wrong order, they do not.
#[test]
fn hugging_faces_row_order_is_undone() {
    let open = |layout| Checkpoint::open(common::oracles().join("mqa_hd16").join(layout)).unwrap();
    let name = "layers.0.attention.wq.weight";
    let (meta, hf) = (open("meta").tensor(name).unwrap(), open("hf").tensor(name).unwrap());
    assert_eq!(flat(&meta), flat(&hf));
    let file = common::oracles().join("mqa_hd16/hf/model.safetensors");
    let stored = candle_core::safetensors::load(file, &Device::Cpu).unwrap();
    let as_stored = stored["model.layers.0.self_attn.q_proj.weight"].to_dtype(DType::F32).unwrap();
    assert_ne!(flat(&meta), flat(&as_stored));
    // Row 1 of head 0 in Meta's order is the first of the second half in Hugging Face's.
    assert_eq!(flat(&meta.get(1).unwrap()), flat(&as_stored.get(16 / 2).unwrap()));
    assert_eq!(flat(&meta.get(16).unwrap()), flat(&as_stored.get(16).unwrap()));
}

#[test]
fn the_cache_counts_its_memory_and_forks() {
    let model = Transformer::new(&Checkpoint::rehearsal("tiny").unwrap()).unwrap();
    let mut cache = model.new_cache();
    model.next_logits(&[1, 2, 3], &mut cache, &mut unobserved).unwrap();
    // 32 positions are set aside: 2 (k, v) × 2 layers × 3 heads × 8 numbers × 4 bytes each.
    assert_eq!(cache.n_bytes(), 32 * 2 * 2 * 3 * 8 * 4);
    let mut other = cache.fork().unwrap();
    let next =
        |id, cache: &mut KvCache| flat(&model.next_logits(&[id], cache, &mut unobserved).unwrap());
    let (a, b) = (next(7, &mut cache), next(8, &mut other));
    cache.truncate(3);
    assert_eq!(next(7, &mut cache), a, "the fork wrote into the original");
    assert_ne!(a, b);
    // Beyond the first capacity nothing is lost.
    let ids: Vec<u32> = (0..70).collect();
    let whole = next_all(&model, &ids);
    let mut cache = model.new_cache();
    let each: Vec<Vec<f32>> = ids.iter().map(|&id| next(id, &mut cache)).collect();
    assert!(distance(&whole, &each[69]) < 1e-5);
}

#[test]
fn texts_that_go_together_get_the_numbers_they_get_alone() {
    let model = Transformer::new(&Checkpoint::rehearsal("tiny").unwrap()).unwrap();
    let texts: [&[u32]; 3] = [&[5, 6, 7], &[8], &[5, 6, 9, 10, 11]];
    let mut alone = texts.map(|_| model.new_cache());
    let mut together = texts.map(|_| model.new_cache());
    for step in [texts, [&[1], &[2, 3], &[4]]] {
        let mut batch: Vec<Sequence> = step
            .into_iter()
            .zip(&mut together)
            .map(|(ids, cache)| Sequence { ids, cache })
            .collect();
        let logits = model.next_logits_batch(&mut batch, &mut unobserved).unwrap();
        for (i, ids) in step.into_iter().enumerate() {
            let expected = model.next_logits(ids, &mut alone[i], &mut unobserved);
            assert_eq!(flat(&logits.get(i).unwrap()), flat(&expected.unwrap()));
        }
    }
    let [first, second, _] = &mut together;
    let mut batch =
        [Sequence { ids: &[1], cache: first }, Sequence { ids: &[u32::MAX], cache: second }];
    let refused = model.next_logits_batch(&mut batch, &mut unobserved);
    assert!(matches!(refused, Err(Error::TokenOutOfRange { .. })));
    assert_eq!(together.map(|cache| cache.len()), alone.map(|cache| cache.len()));
    assert!(model.next_logits_batch(&mut [], &mut unobserved).is_err());
}

fn next_all(model: &Transformer, ids: &[u32]) -> Vec<f32> {
    flat(&model.next_logits(ids, &mut model.new_cache(), &mut unobserved).unwrap())
}

#[test]
fn the_8b_in_numbers() {
    let config = Config::named("llama-3-8b").unwrap();
    assert_eq!(config.n_params(), 8_030_261_248);
    assert_eq!(config.kv_cache_per_token() * 4, 262_144);
    let checkpoint = Checkpoint::rehearsal("llama-3-8b").unwrap();
    assert_eq!(checkpoint.n_bytes(), 16_060_522_496);
    assert_eq!(checkpoint.names().len(), 291);
    assert_eq!(checkpoint.matrix("layers.0.attention.wk.weight").unwrap().out_dim, 1024);
    let wq = checkpoint.tensor("layers.0.attention.wq.weight").unwrap();
    assert_eq!(wq.reshape((32, 128, 4096)).unwrap().dims(), [32, 128, 4096]);
    assert_eq!(checkpoint.rows("tok_embeddings.weight", &[128000, 220]).unwrap().dims(), [2, 4096]);
}

#[test]
fn published_values_are_compared_one_by_one() {
    let values = published::values();
    assert_eq!((values.tokens.len(), values.best.len(), values.top10.len()), (17, 17, 10));
    let checks = published::compare(Some(2983), values.best, values.top10);
    assert!(checks.len() == 19 && checks.iter().all(|check| check.agrees));
    let mut swapped = values.top10.to_vec();
    swapped.swap(3, 4);
    assert!(published::compare(Some(2983), values.best, &swapped)[1].agrees);
    let wrong = published::compare(Some(17), &values.best[1..], &[]);
    assert!(!wrong[0].agrees && !wrong[1].agrees && !wrong[2].agrees);
    let config = Config::named("llama-3-8b").unwrap();
    assert!(published::applies_to(&config, values.tokens));
    assert!(!published::applies_to(&Config::named("llama-3.1-8b").unwrap(), values.tokens));
}

/// A prompt longer than one piece that is given up in its second piece leaves nothing behind.
#[test]
fn a_pass_that_is_given_up_leaves_the_cache_as_it_was() -> Result<()> {
    let model = Transformer::new(&Checkpoint::rehearsal("tiny")?)?;
    let mut cache = model.new_cache();
    let before = model.next_logits(&[1, 2, 3], &mut cache, &mut unobserved)?;
    let ids: Vec<u32> = (0..300).collect();
    let mut passes = 0;
    let given_up = model.next_logits(&ids, &mut cache, &mut |site, _| {
        passes += usize::from(site == Site::Embedding);
        if passes == 2 { Err(Error::Stopped) } else { Ok(None) }
    });
    assert!(matches!(given_up, Err(Error::Stopped)));
    assert_eq!((passes, cache.len()), (2, 3));
    cache.truncate(0);
    let again = model.next_logits(&[1, 2, 3], &mut cache, &mut unobserved)?;
    assert_eq!(flat(&before), flat(&again));
    Ok(())
}
