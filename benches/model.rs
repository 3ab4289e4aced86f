//! How long does the default model take to read a prompt, and to write one token?
//! `cargo bench -p llama3-benches --bench model`

use criterion::{Criterion, Throughput};
use llama3::prelude::*;

fn main() -> Result<()> {
    let checkpoint = Checkpoint::open_named(&weights::default_model()?, &Options::default())?;
    let model = Transformer::new(&checkpoint)?;
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for n_tokens in [1, 17, 256] {
        let mut group = criterion.benchmark_group("prefill");
        group.throughput(Throughput::Elements(n_tokens));
        let ids = vec![0; n_tokens as usize];
        group.bench_function(format!("{n_tokens} tokens"), |b| {
            b.iter(|| model.next_logits(&ids, &mut model.new_cache(), &mut unobserved))
        });
    }
    for n_texts in [1, 4] {
        let mut group = criterion.benchmark_group("decode");
        group.throughput(Throughput::Elements(n_texts));
        let mut caches: Vec<KvCache> = (0..n_texts).map(|_| model.new_cache()).collect();
        for cache in &mut caches {
            model.next_logits(&[0; 17], cache, &mut unobserved)?;
        }
        group.bench_function(format!("{n_texts} texts after 17 tokens"), |b| {
            b.iter(|| {
                let batch = caches.iter_mut().map(|cache| {
                    cache.truncate(17);
                    Sequence { ids: &[0], cache }
                });
                model.next_logits_batch(&mut batch.collect::<Vec<_>>(), &mut unobserved)
            })
        });
    }
    criterion.final_summary();
    Ok(())
}
