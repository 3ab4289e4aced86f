//! Keeping the threads at hand while a token goes through the model.
//!
//! Between two products of matrices lie a few small steps that one thread computes. They take
//! microseconds, and to wake a thread that went to sleep meanwhile takes longer.

use rayon::Yield;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A thread that has had nothing to do for so long may sleep: what comes is not a short gap.
const PATIENCE: Duration = Duration::from_micros(500);

/// Does the work in the thread pool, while the pool's other threads wait for a share of it.
pub(crate) fn at_hand<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let done = AtomicBool::new(false);
    let done = &done;
    rayon::scope(|scope| {
        let this_thread = rayon::current_thread_index();
        scope.spawn_broadcast(move |_, thread| {
            if Some(thread.index()) != this_thread {
                wait_for_work(done);
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}

fn wait_for_work(done: &AtomicBool) {
    let mut last = Instant::now();
    while !done.load(Ordering::Relaxed) && last.elapsed() < PATIENCE {
        match rayon::yield_now() {
            Some(Yield::Executed) => last = Instant::now(),
            _ => std::thread::yield_now(), // to other programs, if there are any
        }
    }
}
