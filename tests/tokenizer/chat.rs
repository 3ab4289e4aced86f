//! Conversations, in the formats of Llama 3 and SmolLM2.

use super::{LLAMA3, LLAMA31, ORACLE, SMOLLM2, ids, list};
use llama3::tokenizer::Message;
use serde_json::Value;

#[test]
fn llama3_writes_metas_dialogs() {
    assert_eq!(list(&ORACLE["dialogs"]).len(), 3);
    for dialog in list(&ORACLE["dialogs"]) {
        let text = |message: &Value, key: &str| message[key].as_str().unwrap().to_owned();
        let messages: Vec<Message> = list(&dialog["messages"])
            .iter()
            .map(|m| Message::new(text(m, "role"), text(m, "content")))
            .collect();
        assert_eq!(LLAMA3.chat(&messages).unwrap(), ids(&dialog["ids"]));
        assert_eq!(LLAMA31.chat(&messages).unwrap(), ids(&dialog["ids"]));
    }
}

#[test]
fn smollm2_writes_its_chat_template() {
    let system = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";
    let written = format!(
        "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n 2+2? \n<|im_end|>\n\
         <|im_start|>assistant\n"
    );
    let user = Message::new("user", " 2+2? \n");
    let expected = SMOLLM2.encode_with_special(&written);
    assert_eq!(SMOLLM2.chat(std::slice::from_ref(&user)).unwrap(), expected);
    let explicit = [Message::new("system", system), user];
    assert_eq!(SMOLLM2.chat(&explicit).unwrap(), expected);
}

#[test]
fn nobody_can_write_special_tokens_in_a_message() {
    for (tokenizer, end) in [(&LLAMA31, "<|eot_id|>"), (&SMOLLM2, "<|im_end|>")] {
        let end_id = tokenizer.special(end).unwrap();
        let count = |content: &str| {
            let messages = [Message::new("system", ""), Message::new("user", content)];
            let ids = tokenizer.chat(&messages).unwrap();
            ids.iter().filter(|&&id| id == end_id).count()
        };
        assert_eq!((count("hi"), count(end)), (2, 2));
        for role in ["", "user\n", "<|eot_id|>", "us er", "用户"] {
            let error = tokenizer.chat(&[Message::new(role, "hi")]).unwrap_err();
            assert!(error.to_string().contains("is no role"), "{error}");
        }
        assert!(tokenizer.chat(&[]).is_err());
    }
}
