//! Which parts of a mapped file are in memory.
//!
//! A mapped page that was read stays until the system needs its place. For a file that is larger
//! than many machines' memory we say so ourselves: soon needed, no longer needed.

use super::{Matrix, Source};

/// Files up to this many bytes stay mapped as a whole.
const SMALL: usize = 1 << 30;

impl Matrix {
    /// Asks the system to begin reading the matrix from the disk.
    pub(crate) fn prefetch(&self) {
        #[cfg(unix)]
        if let Some((file, offset)) = self.in_a_large_file() {
            // Only advice: if the system does not take it, the pages are read when they are used.
            let _ = file.advise_range(memmap2::Advice::WillNeed, offset, self.n_bytes());
        }
    }

    /// Takes the matrix out of this process's memory. Its pages stay in the system's file cache as
    /// long as there is room, so using it again costs little.
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        if let Some((file, offset)) = self.in_a_large_file() {
            let advice = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: `on_disk` maps are read-only views of a file, so whatever is dropped is read again
            // from the file at the next use, with the same bytes.
            let _ = unsafe { file.unchecked_advise_range(advice, offset, self.n_bytes()) };
        }
    }

    #[cfg(unix)]
    fn in_a_large_file(&self) -> Option<(&memmap2::Mmap, usize)> {
        match &self.source {
            Source::Mapped {
                file,
                offset,
                on_disk: true,
                ..
            } if file.len() > SMALL => Some((file, *offset)),
            _ => None,
        }
    }
}
