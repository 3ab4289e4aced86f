//! GPT-2's way to write bytes as text, which `tokenizer.json` and GGUF files keep tokens in.
//!
//! A byte that is a printable character of Latin-1 stands for itself. Each of the 68 others, in
//! order, is one of the characters from U+0100 on: the space is `Ġ`, the line end `Ċ`.
//!
//! Source: `bytes_to_unicode` in `encoder.py` of openai/gpt-2.

fn printable(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff)
}

/// The byte that `c` stands for, if it stands for one.
fn byte_of(c: char) -> Option<u8> {
    match u8::try_from(c) {
        Ok(byte) => Some(byte).filter(|&b| printable(b)),
        Err(_) => {
            let n = (c as usize).checked_sub(0x100)?;
            (0..=255).filter(|&b| !printable(b)).nth(n)
        }
    }
}

/// The bytes of a token as files write it, or None if it is not written this way.
pub(super) fn bytes_of(token: &str) -> Option<Vec<u8>> {
    token.chars().map(byte_of).collect()
}

/// Bytes for a person to read: the whole characters as they are, other bytes as `<E4>`.
pub(super) fn show(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("<{byte:02X}>"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_character() {
        let mut bytes: Vec<u8> = ('\0'..='\u{200}').filter_map(byte_of).collect();
        bytes.sort();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
    }

    #[test]
    fn the_space_is_a_g_with_a_dot() {
        assert_eq!(bytes_of("ĠisĊ"), Some(b" is\n".to_vec()));
        assert_eq!(bytes_of("ä½łå¥½"), Some("你好".as_bytes().to_vec()));
        assert_eq!(bytes_of("▁is"), None);
        assert_eq!(bytes_of("a b"), None);
    }

    #[test]
    fn parts_of_characters_are_shown_as_bytes() {
        assert_eq!(show("你".as_bytes()), "你");
        assert_eq!(show(b" \xe4\xbd"), " <E4><BD>");
    }
}
