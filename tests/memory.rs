//! A model runs where the memory is a fraction of its file, with the same logits.
//!
//! The system enforces the limit: the run happens in a memory control group. To make one takes a right
//! that not every machine gives; where it is missing the test is ignored, and says so.

mod common;

use libtest_mimic::{Arguments, Failed, Trial};
use llama3::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Much less than the file, and less than its output matrix alone (525 MB).
const LIMIT: u64 = 400 << 20;

fn main() -> ExitCode {
    let group = Group::new();
    let ignored = group.is_none();
    let kind = if ignored { "ignored: cannot make a memory control group here" } else { "" };
    let test = Trial::test("a_model_runs_in_a_fraction_of_its_size", move || match &group {
        Some(group) => runs_in(group),
        None => Err(Failed::from("there is no control group")),
    });
    let test = test.with_kind(kind).with_ignored_flag(ignored);
    libtest_mimic::run(&Arguments::from_args(), vec![test]).exit_code()
}

fn runs_in(group: &Group) -> std::result::Result<(), Failed> {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut config = Config::named("llama-3.2-1b")?;
    config.n_layers = 4;
    let checkpoint = Checkpoint::rehearsal_of(config, 42)?;
    assert!(checkpoint.n_bytes() as u64 > 2 * LIMIT);
    let model = directory.path().join("model");
    checkpoint.write(&model, &|_| {})?;
    let expected = logits(common::example("predict_42"), &model);

    forget(&model.join("consolidated.safetensors"));
    let found = logits(group.command(&built("predict_42")), &model);
    assert_eq!(found.len(), 128_256);
    assert!(found == expected, "other logits where memory is short");
    assert!(group.met_its_limit(), "the run never needed {LIMIT} bytes");
    Ok(())
}

/// The logit of every token after the 17 tokens of a prompt, and its id.
fn logits(mut command: Command, model: &Path) -> Vec<(u64, f64)> {
    let tokens = "128000,1820,4320,311,279,17139,3488,315,2324,11,279,15861,11,323,4395,374,220";
    command
        .args(["--json", "--no-lens", "--top", "0", "--steps", "1"])
        .args(["--tokens", tokens, "--model"])
        .arg(model);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    let top = run["top"].as_array().unwrap();
    let one = |row: &Value| (row["id"].as_u64().unwrap(), row["logit"].as_f64().unwrap());
    top.iter().map(one).collect()
}

/// Takes a file out of the page cache: what is there already is not counted again.
fn forget(file: &Path) {
    let status = Command::new("sync").arg(file).status();
    assert!(status.unwrap().success());
    let source = format!("if={}", file.display());
    let dd = Command::new("dd").args([&source, "iflag=nocache", "count=0", "status=none"]).status();
    assert!(dd.unwrap().success());
}

/// An example that has been built.
fn built(example: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("release/examples").join(example)
}

/// A memory control group of version 1 or 2 with the limit.
struct Group {
    directory: PathBuf,
    /// Where the system counts how often the limit was met.
    counter: &'static str,
}

impl Group {
    fn new() -> Option<Group> {
        let kinds = [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.failcnt"),
            ("/sys/fs/cgroup", "memory.max", "memory.events"),
        ];
        kinds.into_iter().find_map(|(root, limit, counter)| {
            let directory = Path::new(root).join(format!("llama3-{}", std::process::id()));
            std::fs::create_dir(&directory).ok()?;
            let group = Group { directory, counter };
            let limit = group.directory.join(limit);
            let is_set = limit.exists() && std::fs::write(limit, LIMIT.to_string()).is_ok();
            is_set.then_some(group)
        })
    }

    /// The program, started as a member of the group.
    fn command(&self, program: &Path) -> Command {
        let join =
            format!("echo $$ > {}/cgroup.procs && exec \"$0\" \"$@\"", self.directory.display());
        let mut command = Command::new("sh");
        command.args(["-c", &join]).arg(program);
        command
    }

    fn met_its_limit(&self) -> bool {
        let text = std::fs::read_to_string(self.directory.join(self.counter)).unwrap();
        let line = text.lines().find(|line| line.starts_with("max ") || !line.contains(' '));
        let count = line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        count.unwrap() > 0
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.directory);
    }
}
