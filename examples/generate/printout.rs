//! What goes to stdout: one text as it grows, and the others when their turn comes.

use llama3::prelude::*;
use llama3::tokenizer::TextStream;

/// All texts grow at once, but a reader reads one after another: the first is written as it grows; the
/// next has collected what came in the meantime, and goes on from there.
pub struct Printout {
    tokenizer: Tokenizer,
    seed: u64,
    texts: Vec<Growing>,
    /// The text that is being written.
    turn: usize,
    /// Whether anything of it has been written.
    begun: bool,
}

struct Growing {
    stream: TextStream,
    waiting: String,
    over: bool,
}

impl Printout {
    pub fn new(tokenizer: &Tokenizer, n: usize, seed: u64) -> Printout {
        let text = |_| Growing { stream: tokenizer.stream(), waiting: String::new(), over: false };
        Printout {
            tokenizer: tokenizer.clone(),
            seed,
            texts: (0..n).map(text).collect(),
            turn: 0,
            begun: false,
        }
    }

    /// A token for a text. Returns what can be written by now.
    pub fn add(&mut self, index: usize, id: u32) -> String {
        match self.texts[index].stream.push(id) {
            Ok(whole) => self.texts[index].waiting.push_str(&whole),
            // Some models have ids without a token: shown as such, behind the bytes before them.
            Err(_) => {
                self.flush(index);
                let unknown = self.tokenizer.token(id);
                self.texts[index].waiting.push_str(&unknown);
            }
        }
        self.by_now()
    }

    /// No more tokens for a text.
    pub fn end(&mut self, index: usize) -> String {
        self.flush(index);
        self.texts[index].over = true;
        self.by_now()
    }

    /// Bytes that wait for the rest of their character wait no longer.
    fn flush(&mut self, index: usize) {
        let text = &mut self.texts[index];
        let stream = std::mem::replace(&mut text.stream, self.tokenizer.stream());
        text.waiting.push_str(&stream.finish());
    }

    /// No more tokens for any text: ends those that were begun.
    pub fn finish(&mut self) -> String {
        if self.turn == 0 && !self.begun {
            return String::new();
        }
        (self.turn..self.texts.len()).map(|index| self.end(index)).collect()
    }

    /// What can be written by now: a text as far as it is, and when it is over the next.
    fn by_now(&mut self) -> String {
        let mut written = String::new();
        while self.turn < self.texts.len() {
            if !self.begun && self.texts.len() > 1 {
                let (number, n) = (self.turn + 1, self.texts.len());
                let seed = self.seed.wrapping_add(self.turn as u64);
                written.push_str(&format!("── {number} of {n}, seed {seed} ──\n"));
            }
            self.begun = true;
            let text = &mut self.texts[self.turn];
            written.push_str(&std::mem::take(&mut text.waiting));
            if !text.over {
                break;
            }
            written.push('\n');
            self.turn += 1;
            self.begun = false;
        }
        written
    }
}
