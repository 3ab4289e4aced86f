//! The bytes of a model: a file mapped into memory, or a buffer of our own.
//!
//! Everything above looks into one `&[u8]` and cannot tell which of the two it is, so a model can be
//! read in place from a disk, and from memory where there are no files (in a browser).

use memmap2::Mmap;
use std::fs::File;
use std::ops::Deref;
use std::sync::Arc;

/// Bytes that many matrices look into. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Bytes {
    /// A file whose pages are read when they are first looked at.
    Mapped(Arc<Mmap>),
    /// A buffer in memory.
    Owned(Arc<Vec<u8>>),
}

impl Bytes {
    /// A view of a whole file; reads nothing yet.
    pub(crate) fn map(file: &File) -> std::io::Result<Bytes> {
        // SAFETY: we only read the map. What other programs do to the file meanwhile, nobody can
        // forbid them. If one cuts it short, the system ends this process (SIGBUS) rather than let it
        // read memory that is not there. If one writes into it, we read its bytes instead: wrong
        // numbers, and no more than that. A description is copied out of the map before it is used,
        // every place is checked against the length of the map, which stays the same, and weights
        // are numbers, for which any bytes are valid.
        let map = unsafe { Mmap::map(file) }?;
        Ok(Bytes::Mapped(Arc::new(map)))
    }

    /// Asks the system to begin reading a part of a file. Only advice: what it does not read now, it
    /// reads at first use.
    #[cfg_attr(not(unix), allow(unused_variables))]
    pub(crate) fn will_need(&self, offset: usize, len: usize) {
        #[cfg(unix)]
        if let Bytes::Mapped(map) = self {
            let _ = map.advise_range(memmap2::Advice::WillNeed, offset, len);
        }
    }

    /// Takes a part of a file out of this process's memory. The system's file cache keeps it as long
    /// as there is room, so using it again costs little.
    #[cfg_attr(not(unix), allow(unused_variables))]
    pub(crate) fn dont_need(&self, offset: usize, len: usize) {
        #[cfg(unix)]
        if let Bytes::Mapped(map) = self {
            let advice = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the map is a read-only view of a file, so what is dropped is read again from
            // the file at the next use, with the same bytes.
            let _ = unsafe { map.unchecked_advise_range(advice, offset, len) };
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Bytes {
        Bytes::Owned(Arc::new(bytes))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
        }
    }
}
