//! What goes to stdout: one text as it grows, and the others when their turn comes.

use llama3::prelude::*;
use llama3::tokenizer::TextStream;
use std::io::{ErrorKind, Write};

/// One page a text. All texts grow at once, but a reader reads one after another: the first page is
/// written as it grows; the next has collected what came in the meantime, and goes on from there.
pub struct Pages {
    tokenizer: Tokenizer,
    seed: u64,
    pages: Vec<Page>,
    /// The page that is being written.
    turn: usize,
    /// Whether anything of it has been written.
    begun: bool,
    on_closed: Box<dyn Fn()>,
}

struct Page {
    stream: TextStream,
    waiting: String,
    over: bool,
}

impl Pages {
    /// `on_closed` is told when nobody reads stdout any more, as after `| head`.
    pub fn new(tokenizer: &Tokenizer, n: usize, seed: u64, on_closed: Box<dyn Fn()>) -> Pages {
        let page = |_| Page {
            stream: tokenizer.stream(),
            waiting: String::new(),
            over: false,
        };
        Pages {
            tokenizer: tokenizer.clone(),
            seed,
            pages: (0..n).map(page).collect(),
            turn: 0,
            begun: false,
            on_closed,
        }
    }

    /// A token for a page.
    pub fn add(&mut self, index: usize, id: u32) -> Result<()> {
        let page = &mut self.pages[index];
        // Some models have ids without a token; they are shown as such.
        let text = (page.stream.push(id)).unwrap_or_else(|_| self.tokenizer.token(id));
        page.waiting.push_str(&text);
        self.write()
    }

    /// No more tokens for a page.
    pub fn end(&mut self, index: usize) -> Result<()> {
        let page = &mut self.pages[index];
        let stream = std::mem::replace(&mut page.stream, self.tokenizer.stream());
        page.waiting.push_str(&stream.finish());
        page.over = true;
        self.write()
    }

    /// No more tokens for any page: ends the pages that were begun.
    pub fn finish(&mut self) -> Result<()> {
        if self.turn > 0 || self.begun {
            (self.turn..self.pages.len()).try_for_each(|index| self.end(index))?;
        }
        Ok(())
    }

    /// Writes what can be written by now.
    fn write(&mut self) -> Result<()> {
        while self.turn < self.pages.len() {
            let mut text = String::new();
            if !self.begun && self.pages.len() > 1 {
                let (number, n) = (self.turn + 1, self.pages.len());
                let seed = self.seed.wrapping_add(self.turn as u64);
                text = format!("── {number} of {n}, seed {seed} ──\n");
            }
            self.begun = true;
            let page = &mut self.pages[self.turn];
            text.push_str(&std::mem::take(&mut page.waiting));
            let over = page.over;
            if over {
                text.push('\n');
                self.turn += 1;
                self.begun = false;
            }
            self.print(&text)?;
            if !over {
                break;
            }
        }
        Ok(())
    }

    fn print(&self, text: &str) -> Result<()> {
        let mut out = std::io::stdout();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match written {
            Err(e) if e.kind() == ErrorKind::BrokenPipe => {
                (self.on_closed)();
                Ok(())
            }
            written => written.map_err(|source| Error::Io {
                path: "stdout".into(),
                source,
            }),
        }
    }
}
