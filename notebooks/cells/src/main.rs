//! Runs the code cells of one chapter, as the notebooks' kernel would: `cells 04_queries`.
//!
//! Each cell is announced on stdout and stderr by a line that begins with [`BEGIN`]. What a cell shows
//! at its end is written in the kernel's own form, so that both have the same reader.

use std::fmt::Debug;
use std::process::ExitCode;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// In front of a cell's id: ASCII's "record separator", which no output holds.
const BEGIN: char = '\x1e';

// What the tutorial writes is for its readers: names unused here, the same clone twice.
#[allow(unused, clippy::all)]
mod chapters {
    include!(concat!(env!("OUT_DIR"), "/chapters.rs"));
}
use chapters::CHAPTERS;

fn begin(cell: &str) {
    println!("{BEGIN}{cell}");
    eprintln!("{BEGIN}{cell}");
}

/// How values are shown that have no `evcxr_display` of their own. Implemented for references, since
/// then the compiler finds the others first: `(&value).evcxr_display()` needs one `&` more for this.
trait Display {
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> Display for &T {
    fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT text/plain\n{self:?}\nEVCXR_END_CONTENT");
    }
}

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let Some((_, run)) = CHAPTERS.iter().find(|(name, _)| *name == wanted) else {
        let names: Vec<&str> = CHAPTERS.iter().map(|(name, _)| *name).collect();
        eprintln!("Say which chapter: cells {}", names.join("|"));
        return ExitCode::from(2);
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
