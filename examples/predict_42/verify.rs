//! `--verify`: the walk held against what others found, step by step.

use llama3::notebook::verify::{Reference, verify};
use llama3::prelude::*;

/// Shows each step as it comes. `false` if one differs; the walk ends there.
pub fn run(checkpoint: &Checkpoint) -> Result<bool> {
    let reference = Reference::of(&checkpoint.config)?;
    let model = Transformer::on(checkpoint, &llama3::default_device()?)?;
    let language = Language::current();
    let (name, known) = (&checkpoint.name, &reference.name);
    println!(
        "{}",
        language.pick(
            format!(
                "{name}, compared with {known}: how far off each step is, of how far it may be"
            ),
            format!("{name} 与 {known} 逐步比较：每一步的误差与允许的误差"),
        )
    );
    let mut n_steps = 0;
    let agrees = verify(checkpoint, &model, &reference, &mut |finding| {
        println!("{finding}");
        n_steps += 1;
    })?;
    let verdict = if agrees {
        language.pick(
            format!("All {n_steps} steps agree."),
            format!("{n_steps} 步全部一致。"),
        )
    } else {
        language.pick(
            format!("Step {n_steps} is the first that differs; the walk ends there."),
            format!("第 {n_steps} 步是第一个不一致的步骤，到此为止。"),
        )
    };
    println!("{verdict}");
    Ok(agrees)
}
