//! No text stops a tokenizer.

use super::{LLAMA3, SMOLLM2, check_stream};

/// The ids come from Hugging Face's tokenizers 0.23.3 with the vocabulary and merges of the GGUF.
#[test]
fn bytes_without_a_token_are_left_out_before_merging() {
    let cases: [(&str, &[u32]); 12] = [
        ("\x04", &[]),
        ("a\x04b", &[81, 82]),
        ("!\x04!", &[10095]),
        ("!\x06\x13!!", &[29646]),
        (".\x14.\x16.\x1d.", &[5592]),
        (" \x04!", &[5728]),
        ("x \x1d", &[104, 216]),
        ("\u{40000}", &[218, 218, 218]),
        ("\u{80000} y", &[218, 218, 218, 329]),
        ("\u{50001}\u{50002}", &[234, 218, 219, 234, 218, 220]),
        ("12\x043", &[33, 34, 35]),
        ("(\x04)\x04;\x04\n", &[35040, 198]),
    ];
    for (text, expected) in cases {
        assert_eq!(SMOLLM2.encode(text), expected, "{text:?}");
    }
    // Llama 3 has all bytes.
    assert!(LLAMA3.missing_bytes().is_empty());
    assert_eq!(LLAMA3.decode(&LLAMA3.encode("!\x04!")).unwrap(), "!\x04!");
}

#[test]
fn any_text_survives_llama3_and_none_stops_smollm2() {
    let mut seed = 42_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    // White space, ASCII, the planes in use, everything.
    let limits = [0x21, 0x80, 0x800, 0x3000, 0x20000, 0x11_0000];
    for _ in 0..5_000 {
        let limit = limits[random(6) as usize];
        let text: String =
            (0..random(60)).filter_map(|_| char::from_u32(random(limit) as u32)).collect();
        let ids = LLAMA3.encode(&text);
        assert_eq!(LLAMA3.decode(&ids).unwrap(), text);
        assert_eq!(LLAMA3.pieces(&text).concat(), text);
        check_stream(&LLAMA3, &ids);
        check_stream(&SMOLLM2, &SMOLLM2.encode_with_special(&text));
        assert_eq!(SMOLLM2.pieces(&text).concat(), text);
    }
}

#[test]
fn runs_longer_than_the_regex_engine_can_take() {
    for part in [" ", "a", "\n", "1", "!", "好", " \n", "\u{50000}"] {
        let text = part.repeat(1_200_000 / part.len()) + "x";
        for tokenizer in [&LLAMA3, &SMOLLM2] {
            let ids = tokenizer.encode(&text);
            let all_there = tokenizer.missing_bytes().is_empty() || part != "\u{50000}";
            assert_eq!(tokenizer.decode(&ids).unwrap() == text, all_there, "{part:?}");
        }
    }
}
