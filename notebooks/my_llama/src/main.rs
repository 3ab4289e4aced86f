//! The model that you wrote, as a program.
//!
//! ```text
//! cargo run --release -p my_llama -- "The capital of France is"
//! cargo run --release -p my_llama -- --chat "What is a llama?"
//! ```

use my_llama::chapter_10::*;
use std::process::ExitCode;

/// How many tokens it adds at most.
const MOST: usize = 64;

const HELP: &str = "Your Llama, from chapters 1 to 10. Usage: my_llama [--chat] TEXT

  TEXT         it goes on from there; without any, the question whose answer is 42
  --chat TEXT  it answers
  LLAMA3_MODEL names another model";

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "--help" || word == "-h") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let is_question = words.first().is_some_and(|word| word == "--chat");
    let text = words.split_off(is_question.into()).join(" ");
    match answer(&text, is_question) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(text: &str, is_question: bool) -> Result<String> {
    let lesson = Lesson::open()?;
    match text {
        "" => says(&lesson, &lesson.with_context().prompt, 2),
        question if is_question => chat(&lesson, question, MOST),
        text => says(&lesson, text, MOST),
    }
}
