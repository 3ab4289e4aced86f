use super::*;
use candle_core::Device;
use llama3::attention::softmax;
use llama3::config::Config;
use llama3::notebook::{difference, published};

const NAMES: [&str; 2] = ["llama-3-8b", "smollm2-135m"];

fn references() -> [Reference; 2] {
    NAMES.map(|name| Reference::of(&Config::named(name).unwrap()).unwrap())
}

fn step<'a>(reference: &'a Reference, site: &str, of: Quantity) -> &'a Step {
    let mut steps = reference.prompts[0].steps.iter();
    let found = steps.find(|step| step.site == site && step.of == of);
    found.unwrap()
}

fn tensor(numbers: Vec<f64>, shape: &[usize]) -> Tensor {
    let numbers = numbers.into_iter().map(|x| x as f32).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

/// A tensor that has what a step expects in its places, `change` in between, and 0 elsewhere.
fn made(step: &Step, vocab_size: usize, change: impl Fn(usize, f64) -> f64) -> Tensor {
    let mut shape: Vec<usize> =
        (step.at.iter()).map(|axis| *axis.iter().max().unwrap() as usize + 1).collect();
    let expected = step.expected().into_iter().enumerate().map(|(i, x)| change(i, x));
    if let Quantity::Best = step.of {
        let in_a_row = step.expected().len() / step.at[0].len();
        let mut logits = vec![0.0; shape[0] * vocab_size];
        for (i, id) in expected.enumerate() {
            let (row, rank) = (step.at[0][i / in_a_row] as usize, i % in_a_row);
            logits[row * vocab_size + id as usize] = 30.0 - rank as f64;
        }
        shape.push(vocab_size);
        return tensor(logits, &shape);
    }
    let mut numbers = vec![0.0; shape.iter().product()];
    for (i, x) in expected.enumerate() {
        let (mut rest, mut at, mut stride) = (i, 0, 1);
        for (axis, size) in step.at.iter().zip(&shape).rev() {
            at += axis[rest % axis.len()] as usize * stride;
            (rest, stride) = (rest / axis.len(), stride * size);
        }
        numbers[at] = match step.of {
            Quantity::MeanSquare => x.sqrt(),
            _ => x,
        };
    }
    if let Quantity::MeanSquare = step.of {
        shape.push(1);
    }
    tensor(numbers, &shape)
}

/// Every step of both tables takes what it expects, takes a small error, and refuses a mix-up.
#[test]
fn every_step_can_agree_and_can_fail() {
    for (name, reference) in NAMES.into_iter().zip(references()) {
        let checkpoint = Checkpoint::rehearsal(name).unwrap();
        let model = Transformer::new(&checkpoint).unwrap();
        // It only shows ids as text here.
        let llama = Checkpoint::rehearsal("llama-3-8b").unwrap();
        let tokenizer = llama.tokenizer().unwrap();
        let walk =
            Walk { model: &model, tokenizer: &tokenizer, epsilon: 1.3 / 256.0, show: &mut |_| {} };
        let steps = reference.prompts.iter().flat_map(|prompt| &prompt.steps);
        let vocab_size = model.config.vocab_size;
        let mut looked = 0;
        for step in steps.filter(|step| !step.site.starts_with("Residual")) {
            let look = |change: &dyn Fn(usize, f64) -> f64| {
                walk.look(step, &made(step, vocab_size, change)).unwrap()
            };
            let good = look(&|_, x| x);
            assert!(good.agrees(), "{name}: {good}");
            assert!(good.words().is_some(), "{name}: {good}");
            let expected = step.expected();
            match step.of {
                Quantity::Numbers | Quantity::MeanSquare => {
                    assert!(look(&|_, x| x * 1.01).agrees(), "{name}: {good}");
                    let mixed = look(&|i, _| expected[expected.len() - 1 - i]);
                    assert!(!mixed.agrees(), "{name}: {mixed}");
                    assert!(!look(&|_, _| f64::NAN).agrees(), "{name}: {good}");
                }
                Quantity::Best => {
                    let others = look(&|_, id| id + 1.0);
                    assert!(!others.agrees(), "{name}: {others}");
                }
                Quantity::Frequencies | Quantity::NormEps => {}
            }
            looked += 1;
        }
        assert!(looked >= 12, "{name}: {looked}");
    }
}

#[test]
fn the_published_values_agree_with_each_other() {
    let [published, _] = references();
    let numbers = |site: &str| -> Vec<f64> {
        let steps = published.prompts[0].steps.iter();
        let mut steps = steps.filter(|step| step.site == site && step.of == Quantity::Numbers);
        steps.next().unwrap().expected()
    };
    // The query at position 16, turned.
    let freqs = step(&published, "RotatedQueries(0)", Quantity::Frequencies).expected();
    let pairs = [0, 1, 2, 61, 62, 63].map(|pair| 16.0 * freqs[pair]);
    let q = tensor(numbers("Queries(0)")[12..].to_vec(), &[1, 1, 12]);
    let turned = rope::rotate(&q, &tensor(pairs.to_vec(), &[1, 6])).unwrap();
    let expected = tensor(numbers("RotatedQueries(0)"), &[1, 1, 12]);
    assert!(difference(&turned, &expected).unwrap() < 3e-5);
    // The scores, masked, as weights; both were read off pictures.
    let weights = softmax(&tensor(numbers("Scores(0)"), &[17, 17])).unwrap();
    let expected = tensor(numbers("AttentionWeights(0)"), &[17, 17]);
    assert!(difference(&weights, &expected).unwrap() < 0.01);
    // BOS sees itself only: four heads find its value.
    let (v, heads) = (numbers("Values(0)"), numbers("HeadOutputs(0)"));
    for (head, found) in heads.chunks(6).enumerate() {
        assert_eq!(found, &v[head / 2 * 6..][..6], "first and last head of each four");
    }
    let best = step(&published, "Logits", Quantity::Best).expected();
    assert_eq!(best[160], published::values().next_token as f64);
    assert_eq!(published.prompts[0].ids, published::values().tokens);
}

#[test]
fn the_rounding_follows_from_the_bits() {
    let [llama, small] = references();
    let rehearsal = |name: &str| Checkpoint::rehearsal(name).unwrap();
    let exact = llama.epsilon(&rehearsal("llama-3-8b")).unwrap();
    assert_eq!(exact, 1.3 / 32768.0);
    // bf16 weights, held against values from 4 bits.
    let coarse = small.epsilon(&rehearsal("smollm2-135m")).unwrap();
    assert_eq!(coarse, 1.3 / 16.0);
}

#[test]
fn scaling_of_the_frequencies_is_found() {
    let [llama, _] = references();
    let step = step(&llama, "RotatedQueries(0)", Quantity::Frequencies);
    let freqs = |name: &str| -> Vec<f64> {
        let config = Config::named(name).unwrap();
        rope::freqs(&config).into_iter().map(f64::from).collect()
    };
    assert!(setting("Frequencies", step, &freqs("llama-3-8b"), "").agrees());
    assert!(!setting("Frequencies", step, &freqs("llama-3.1-8b"), "").agrees());
}

#[test]
fn there_are_no_values_for_other_sizes() {
    let error = Reference::of(&Config::named("tiny").unwrap()).err().unwrap();
    assert!(error.to_string().contains("Llama 3 8B"));
}
