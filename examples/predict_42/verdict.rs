//! `--verify`: the walk held against what others found, step by step.

use crate::Session;
use crate::pretty::say;
use crate::verify::{Reference, verify};
use llama3::prelude::*;

/// Shows each step as it comes. The exit code: 1 if one differs; the walk ends there.
pub fn run(session: &Session) -> Result<u8> {
    let checkpoint = &session.checkpoint;
    let reference = Reference::of(&checkpoint.config)?;
    let language = Language::current();
    let (name, known) = (&checkpoint.name, &reference.name);
    say(&language.pick(
        format!("{name}, compared with {known}: how far off each step is, of how far it may be"),
        format!("{name} 与 {known} 逐步比较：每一步的误差与允许的误差"),
    ))?;
    let (mut n_steps, mut said) = (0, Ok(()));
    let agrees = verify(checkpoint, &session.model, &reference, &mut |finding| {
        n_steps += 1;
        if said.is_ok() {
            said = say(&finding.to_string());
        }
    })?;
    said?;
    let verdict = if agrees {
        language.pick(format!("All {n_steps} steps agree."), format!("{n_steps} 步全部一致。"))
    } else {
        language.pick(
            format!("Step {n_steps} is the first that differs; the walk ends there."),
            format!("第 {n_steps} 步是第一个不一致的步骤，到此为止。"),
        )
    };
    say(&verdict)?;
    Ok(u8::from(!agrees))
}
