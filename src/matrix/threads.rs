//! Keeping the threads awake while a token goes through the model.
//!
//! Between two products of matrices lie a few small steps that one thread computes. They take
//! microseconds; to wake a thread that went to sleep meanwhile takes longer.

use rayon::Yield;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A thread that has had nothing to do for so long may sleep: what comes is not a short gap.
const PATIENCE: Duration = Duration::from_micros(500);

/// Enters the thread pool and does the work there, while the pool's other threads stay awake for a
/// share of it. Where there are no others (in a browser, say), it only does the work.
pub(crate) fn keep_awake<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let done = AtomicBool::new(false);
    let done = &done;
    rayon::scope(|scope| {
        let this_thread = rayon::current_thread_index();
        if rayon::current_num_threads() > 1 {
            scope.spawn_broadcast(move |_, thread| {
                if Some(thread.index()) != this_thread {
                    wait_for_work(done);
                }
            });
        }
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}

/// Spins, but takes every task that there is to steal.
fn wait_for_work(done: &AtomicBool) {
    let mut last = Instant::now();
    while !done.load(Ordering::Relaxed) && last.elapsed() < PATIENCE {
        match rayon::yield_now() {
            Some(Yield::Executed) => last = Instant::now(),
            _ => std::thread::yield_now(), // to other programs, if there are any
        }
    }
}
