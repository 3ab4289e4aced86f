//! Which pages of a mapped file are in memory (a page is 4 KB).
//!
//! The system keeps a page that was read until it needs the room for something else. A model that is
//! larger than the memory goes through it once a token, and then the system would drop what is needed
//! next. So we tell it ourselves what is needed soon and what is needed no longer.

use super::{Matrix, Source, memory};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a matrix's pages stay in memory after it was used.
#[derive(Clone)]
pub(crate) enum Pages {
    /// They are memory of our own, not a file's.
    Own,
    /// There is room for the whole model: they stay, and are asked for only once.
    Stay { asked_for: Arc<AtomicBool> },
    /// There is not: each matrix is asked for, used and let go.
    ComeAndGo,
}

impl Pages {
    /// For the matrices of a model that takes `n_bytes`.
    pub(crate) fn of_a_model(n_bytes: u64) -> Pages {
        let with_room_to_spare = n_bytes.saturating_add(n_bytes / 8);
        match memory::available_bytes() {
            Some(available) if with_room_to_spare > available => Pages::ComeAndGo,
            _ => Pages::Stay { asked_for: Arc::default() },
        }
    }

    /// For another matrix of the same model.
    pub(crate) fn of_another(&self) -> Pages {
        match self {
            Pages::Stay { .. } => Pages::Stay { asked_for: Arc::default() },
            pages => pages.clone(),
        }
    }
}

impl Matrix {
    /// Asks the system to begin reading the matrix from the disk.
    pub(crate) fn prefetch(&self) {
        if let Source::Joined { pieces, .. } = &self.source {
            pieces.iter().for_each(Matrix::prefetch);
        }
        if let Source::Stored { bytes, offset, pages, .. } = &self.source {
            let is_there = match pages {
                Pages::Own => true,
                Pages::Stay { asked_for } => asked_for.swap(true, Ordering::Relaxed),
                Pages::ComeAndGo => false,
            };
            if !is_there {
                bytes.will_need(*offset, self.n_bytes());
            }
        }
    }

    /// Takes the matrix out of this process's memory, where memory is scarce.
    pub(crate) fn release(&self) {
        if let Source::Joined { pieces, .. } = &self.source {
            pieces.iter().for_each(Matrix::release);
        }
        if let Source::Stored { bytes, offset, pages: Pages::ComeAndGo, .. } = &self.source {
            bytes.dont_need(*offset, self.n_bytes());
        }
    }
}
