//! What all examples need to speak: lines that can fail, and how a program ends.

use llama3::checkpoint::inventory;
use llama3::{Error, Result};
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

/// One line on stdout. `println!` would panic where nobody reads any more or the disk is full.
pub fn say(line: &str) -> Result<()> {
    write(&format!("{line}\n"))
}

/// Text on stdout, at once.
pub fn write(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    let text = if out.is_terminal() { &visible(text) } else { text };
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|source| Error::Io { path: "stdout".into(), source })
}

/// A model, or a name in a file of a stranger, may hold characters that steer a terminal: hide what it
/// showed, change its title, or more. There they are shown as Unicode's pictures of them, such as ␛.
/// A pipe or a file gets the very text, as other programs must.
pub fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => c,
        '\0'..='\x1f' => char::from_u32('␀' as u32 + c as u32).unwrap_or(c),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' => '\u{fffd}', // they have no pictures
        _ => c,
    };
    text.chars().map(shown).collect()
}

/// Whether somebody may see stdout as it grows: on a terminal, or behind a pipe.
#[cfg(unix)]
pub fn is_read_along() -> bool {
    use std::os::{fd::AsFd, unix::fs::FileTypeExt};
    let out = std::io::stdout();
    let file = out.as_fd().try_clone_to_owned().map(std::fs::File::from);
    let kind = file.and_then(|file| file.metadata()).map(|m| m.file_type());
    out.is_terminal() || kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

/// Elsewhere it cannot be told, and a bar must not run through a text.
#[cfg(not(unix))]
pub fn is_read_along() -> bool {
    true
}

/// One line on stderr, if somebody listens.
pub fn note(line: &str) {
    let mut err = std::io::stderr();
    let line = if err.is_terminal() { &visible(line) } else { line };
    let _ = writeln!(err, "{line}");
}

/// Before the small default model runs: is there a Llama 3 that another program keeps? `command` is
/// what runs it, up to its name.
pub fn tell_of_llama3(command: &str) {
    if let Some(name) = inventory::better_than_default() {
        note(&format!("Llama 3 is on this machine: {command} {name}"));
    }
}

/// Whether the reader of stdout has gone, as after `| head`.
pub fn is_closed(error: &Error) -> bool {
    let is_stdout = |path: &std::path::Path| path.as_os_str() == "stdout";
    matches!(error, Error::Io { path, source }
        if is_stdout(path) && source.kind() == ErrorKind::BrokenPipe)
}

/// A reader who has gone is no error; any other is one line, and 2.
pub fn end(result: Result<u8>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}
