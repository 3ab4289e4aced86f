//! Where the time of a run goes.
//!
//! A profile is an observer (see [`observe`](crate::observe)): the time from one step to the next
//! belongs to the step that has just ended. The model knows nothing of it, and no time is lost
//! between two steps, so the parts add up to the whole.
//!
//! ```
//! use llama3::prelude::*;
//! let model = Transformer::new(&Checkpoint::rehearsal("tiny")?)?;
//! let mut profile = Profile::new();
//! profile.phase("prefill");
//! model.next_logits(&[1, 2, 3], &mut model.new_cache(), &mut profile.observer())?;
//! println!("{}", profile.table().text()); // in a notebook: profile.table()
//! assert_eq!(profile.total(), profile.time(&["prefill"]));
//! # Ok::<(), llama3::Error>(())
//! ```
//!
//! The times are those of the CPU. A GPU is handed its work and computes later: there a step's time
//! says how long the handing over took.

use crate::error::Result;
use crate::observe::Site;
use crate::plot::table::{Table, table};
use candle_core::Tensor;
use std::time::{Duration, Instant};

/// The time of a run as a tree: phases, their steps, and the parts of a step.
pub struct Profile {
    root: Node,
    phase: &'static str,
    /// When the last step ended.
    last: Instant,
}

/// A branch of the tree. Its time is that of its children, added up as it comes.
struct Node {
    name: &'static str,
    /// How often it ended; of a branch, how often its first child did.
    calls: usize,
    time: Duration,
    children: Vec<Node>,
}

impl Default for Profile {
    fn default() -> Profile {
        Profile::new()
    }
}

impl Profile {
    /// An empty profile in a phase called `run`. The clock starts now.
    pub fn new() -> Profile {
        Profile { root: Node::new("total"), phase: "run", last: Instant::now() }
    }

    /// What comes from now on belongs to this phase, and so does the time since the last step.
    pub fn phase(&mut self, name: &'static str) {
        self.phase = name;
    }

    /// The observer that takes the times; it changes nothing.
    pub fn observer(&mut self) -> impl FnMut(Site, &Tensor) -> Result<Option<Tensor>> + Send {
        |site, _| {
            self.see(site);
            Ok(None)
        }
    }

    /// The model has reached this site: for an observer that does more than taking times.
    pub fn see(&mut self, site: Site) {
        if let Some(path) = path(site) {
            self.step(path);
        }
    }

    /// Something outside the model has ended, such as `&["sampling"]`: the time since the last step
    /// belongs to it. Longer paths are parts, such as `&["SwiGLU", "down"]`.
    pub fn step(&mut self, path: &[&'static str]) {
        let now = Instant::now();
        self.add(path, now - self.last);
        self.last = now;
    }

    fn add(&mut self, path: &[&'static str], time: Duration) {
        let path: Vec<_> = std::iter::once(self.phase).chain(path.to_vec()).collect();
        self.root.add(&path, time);
    }

    /// From the beginning to the end of the last step.
    pub fn total(&self) -> Duration {
        self.root.time
    }

    /// The time of a phase, step or part, such as `&["decode", "SwiGLU", "down"]`; 0 if it never
    /// came.
    pub fn time(&self, path: &[&str]) -> Duration {
        self.root.find(path).map_or(Duration::ZERO, |node| node.time)
    }

    /// How often a step ended, and how many passes a phase had; 0 if it never came.
    pub fn calls(&self, path: &[&str]) -> usize {
        self.root.find(path).map_or(0, |node| node.calls)
    }

    /// The tree: every name below the one it is a part of.
    pub fn table(&self) -> Table {
        let header = ["step", "calls", "total ms", "mean ms", "percent"];
        let mut lines = table(&header);
        for child in &self.root.children {
            lines = child.rows(0, self.total(), lines);
        }
        let total = format!("{:>10.3}", milliseconds(self.total()));
        lines.row(&[&"total", &"", &total, &"", &" 100.00 %"])
    }
}

impl Node {
    fn new(name: &'static str) -> Node {
        Node { name, calls: 0, time: Duration::ZERO, children: vec![] }
    }

    fn add(&mut self, path: &[&'static str], time: Duration) {
        self.time += time;
        let Some((&name, rest)) = path.split_first() else {
            self.calls += 1;
            return;
        };
        let known = self.children.iter().position(|child| child.name == name);
        let index = known.unwrap_or_else(|| {
            self.children.push(Node::new(name));
            self.children.len() - 1
        });
        self.children[index].add(rest, time);
        self.calls = self.children[0].calls;
    }

    fn find(&self, path: &[&str]) -> Option<&Node> {
        let Some((name, rest)) = path.split_first() else {
            return Some(self);
        };
        let child = self.children.iter().find(|child| child.name == *name)?;
        child.find(rest)
    }

    fn rows(&self, depth: usize, total: Duration, lines: Table) -> Table {
        let time = milliseconds(self.time);
        let percent = 100.0 * time / milliseconds(total).max(f64::MIN_POSITIVE);
        let lines = lines.row(&[
            &format!("{:indent$}{}", "", self.name, indent = 2 * depth),
            &format!("{:>6}", self.calls),
            &format!("{time:>10.3}"),
            &format!("{:>9.4}", time / self.calls.max(1) as f64),
            &format!("{percent:>7.2} %"),
        ]);
        let children = self.children.iter();
        children.fold(lines, |lines, child| child.rows(depth + 1, total, lines))
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The step that has ended when the model reaches a site, if any.
fn path(site: Site) -> Option<&'static [&'static str]> {
    Some(match site {
        Site::Embedding => &["embedding"],
        Site::AttentionNorm(_) | Site::FeedForwardNorm(_) => &["norm"],
        Site::Queries(_) => &["qkv"],
        // They were multiplied together with the queries.
        Site::Keys(_) | Site::Values(_) => return None,
        Site::RotatedQueries(_) | Site::RotatedKeys(_) => &["rope"],
        // Among them: the new keys and values go into the cache.
        Site::Scores(_) => &["scores"],
        Site::AttentionWeights(_) => &["softmax"],
        Site::HeadOutputs(_) => &["values"],
        Site::AttentionOutput(_) => &["output"],
        Site::ResidualMiddle(_) | Site::Residual(_) => &["residual"],
        Site::FeedForwardHidden(_) => &["SwiGLU", "gate and up"],
        Site::FeedForwardOutput(_) => &["SwiGLU", "down"],
        // Among them: the final norm.
        Site::Logits => &["logits"],
    })
}

#[cfg(test)]
mod tests;
