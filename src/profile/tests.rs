use super::*;
use crate::prelude::*;

const MS: Duration = Duration::from_millis(1);

/// Two phases whose times are known.
fn known() -> Profile {
    let mut profile = Profile::new();
    profile.phase("prefill");
    profile.add(&["embedding"], 5 * MS);
    profile.add(&["qkv", "queries"], 20 * MS);
    profile.add(&["qkv", "keys"], 10 * MS);
    profile.phase("decode");
    for _ in 0..3 {
        profile.add(&["embedding"], MS);
        profile.add(&["sampling"], 4 * MS);
    }
    profile
}

#[test]
fn times_and_calls_add_up_in_every_branch() {
    let profile = known();
    assert_eq!(profile.total(), 50 * MS);
    assert_eq!(profile.time(&["prefill"]), 35 * MS);
    assert_eq!(profile.time(&["prefill", "qkv"]), 30 * MS);
    assert_eq!(profile.time(&["prefill", "qkv", "keys"]), 10 * MS);
    assert_eq!(profile.time(&["decode", "sampling"]), 12 * MS);
    assert_eq!(profile.time(&["decode", "qkv"]), Duration::ZERO);
    assert_eq!(profile.calls(&["prefill", "qkv"]), 1);
    assert_eq!(profile.calls(&["decode"]), 3, "three passes");
    assert_eq!(profile.calls(&["later"]), 0);
}

#[test]
fn the_table_is_the_tree() {
    let expected = "\
step          | calls  | total ms   | mean ms   | percent
prefill       |      1 |     35.000 |   35.0000 |   70.00 %
  embedding   |      1 |      5.000 |    5.0000 |   10.00 %
  qkv         |      1 |     30.000 |   30.0000 |   60.00 %
    queries   |      1 |     20.000 |   20.0000 |   40.00 %
    keys      |      1 |     10.000 |   10.0000 |   20.00 %
decode        |      3 |     15.000 |    5.0000 |   30.00 %
  embedding   |      3 |      3.000 |    1.0000 |    6.00 %
  sampling    |      3 |     12.000 |    4.0000 |   24.00 %
total         |        |     50.000 |           |  100.00 %
";
    let squeezed = |text: &str| text.replace(' ', "");
    let found = known().table().text();
    assert_eq!(squeezed(&found), squeezed(expected), "{found}");
    assert!(found.contains("\n    queries "), "{found}");
    assert!(Profile::new().table().text().contains("total"));
}

#[test]
fn a_model_is_seen_step_by_step() {
    let model = Transformer::new(&Checkpoint::rehearsal("tiny").unwrap()).unwrap();
    let start = Instant::now();
    let mut profile = Profile::new();
    profile.phase("prefill");
    let mut cache = model.new_cache();
    let logits = model.next_logits(&[1, 2, 3], &mut cache, &mut profile.observer());
    let mut other = cache.fork().unwrap();
    let mut batch = [&mut cache, &mut other].map(|cache| Sequence { ids: &[4], cache });
    profile.phase("decode");
    let batched = model.next_logits_batch(&mut batch, &mut profile.observer());
    let took = start.elapsed();

    assert!(profile.total() <= took && profile.total() > Duration::ZERO);
    assert_eq!(profile.total(), profile.time(&["prefill"]) + profile.time(&["decode"]));
    // Two layers, two texts: attention looks back once for each of them.
    let calls = |step| [["prefill", step], ["decode", step]].map(|path| profile.calls(&path));
    for once in ["embedding", "logits"] {
        assert_eq!(calls(once), [1, 1], "{once}");
    }
    for layer in ["qkv", "output", "SwiGLU"] {
        assert_eq!(calls(layer), [2, 2], "{layer}");
    }
    for twice in ["norm", "rope", "residual"] {
        assert_eq!(calls(twice), [4, 4], "{twice}");
    }
    for text in ["scores", "softmax", "values"] {
        assert_eq!(calls(text), [2, 4], "{text}");
    }
    // And it changed nothing.
    let unseen = model.next_logits(&[1, 2, 3], &mut model.new_cache(), &mut unobserved);
    let numbers = |x: Result<Tensor>| x.unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(numbers(logits), numbers(unseen));
    assert_eq!(batched.unwrap().dims(), [2, model.config.vocab_size]);
}
