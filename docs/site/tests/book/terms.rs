//! One term a thing, in both languages: the glossary's. Also what native readers stumbled over. The
//! walk's pages are the notebooks, so they are held to it too.

use super::complain_about;
use super::page::{Page, both, pages};
use std::path::Path;

/// A term of the glossary, and what a Chinese page must not say for it.
const CHINESE_TERMS: [(&str, &[&str]); 11] = [
    ("升精度", &["加宽成", "**加宽", "加宽后"]),
    ("激活修补", &["激活移植"]),
    ("消融", &["切除一个头", "烧蚀"]),
    ("注意力汇聚点", &["汇点"]),
    ("权重绑定", &["共享输出", "共享嵌入", "与嵌入共用"]),
    ("组大小", &["组的大小"]),
    ("词元", &["最佳词元", "词元编号", "词元的编号"]),
    ("词表", &["词汇表"]),
    ("提示", &["提示词"]),
    ("彩排模型", &["一次彩排", "“彩排”"]),
    ("解码", &["去而复返"]),
];

/// What a Chinese page must not say, and what it says instead.
const CHINESE: [(&str, &str); 23] = [
    ("前向计算", "前向传播"),
    ("最可能的词元", "概率最高的词元"),
    ("最可能的下一个词元", "概率最高的词元"),
    ("（导出）", "（由……算出）"),
    ("json 中的键", "params.json 字段"),
    ("json` 中的键", "`params.json` 字段"),
    ("我们在哪里", "本章在全图中的位置"),
    ("银河系漫游指南", "银河系搭车客指南"),
    ("各个大小", "各项尺寸"),
    ("共用一个比例", "共用一个缩放因子"),
    ("控制组", "cgroup"),
    ("有来往", "交换信息"),
    ("数学与 Llama 相同", "计算公式与 Llama 完全相同"),
    ("看看自己的表", "记下时间"),
    ("在哪里都不存在", "根本没有生成"),
    ("没有写完的开头", "消息头"),
    ("几乎没有感觉", "几乎不受影响"),
    ("<summary>答案", "<summary>参考答案"),
    ("<summary>解答", "<summary>参考答案"),
    ("您", "你"),
    ("请注意", "（不说）"),
    ("？。", "？"),
    (" “", "“，前面不空格"),
];

/// What an English page must not say, and what it says instead. British spelling.
const ENGLISH: [(&str, &str); 46] = [
    ("leave away", "leave out"),
    ("leaves away", "leaves out"),
    ("write on", "keep writing"),
    ("writes on", "keeps going"),
    ("writing on", "keep writing"),
    ("a text", "text, a prompt, a string, a document"),
    ("longer texts", "longer prompts, stories"),
    ("by chance", "at random"),
    ("held against", "compared with, checked against"),
    ("is lit", "is highlighted"),
    ("are lit", "are highlighted"),
    ("whoever has", "if you have"),
    ("whoever types", "if you type"),
    ("whoever turns", "turning"),
    ("whoever forgets", "if you forget"),
    ("where we are", "(a folded map)"),
    ("other ones", "different, change"),
    ("is another one", "is different"),
    ("many a", "many"),
    ("hardly worse", "hardly get worse"),
    ("cannot be missed", "that the model cannot do without"),
    ("the end of the way", "the home stretch"),
    ("and as a picture", "(say what it shows)"),
    ("the letters of", "the symbols of"),
    ("3 neither", "not even in Llama 3"),
    ("mind what", "watch what"),
    ("numbers a token", "numbers per token"),
    ("bytes a token", "bytes per token"),
    ("one row a token", "one row per token"),
    ("derived)", "computed)"),
    ("tied output", "tied embeddings"),
    ("ablate away", "ablate, switch off"),
    ("normaliz*", "normalis…"),
    ("quantiz*", "quantis…"),
    ("unquantiz*", "unquantis…"),
    ("memoriz*", "memoris…"),
    ("initializ*", "initialis…"),
    ("recogniz*", "recognis…"),
    ("organiz*", "organis…"),
    ("summariz*", "summaris…"),
    ("optimiz*", "optimis…"),
    ("visualiz*", "visualis…"),
    ("generaliz*", "generalis…"),
    ("color*", "colour…"),
    ("behavior*", "behaviour…"),
    ("neighbor*", "neighbour…"),
];

/// Titles of papers are spelt as their authors spell.
const TITLES: [&str; 1] = ["Layer Normalization"];

fn is_chinese(path: &Path) -> bool {
    path.starts_with("docs/zh") || path.ends_with("README.zh.md")
}

/// All words of a page that are no code.
fn words(page: &Page) -> String {
    let cells = page.rows.iter().flatten().map(String::as_str);
    let pictures = page.pictures.iter().map(|(_, words)| words.as_str());
    let mut words = page.prose.clone();
    for part in cells.chain(pictures) {
        words.push('\n');
        words += part;
    }
    let names = page.inline_code.iter().map(String::as_str).filter(|code| code.len() > 5);
    names.chain(TITLES).fold(words, |words, name| words.replace(name, "…"))
}

/// Where a text has these words, whole ones and whatever their case; `*` stands for any ending.
fn found(text: &str, banned: &str) -> Option<String> {
    let text = text.to_lowercase();
    let (banned, any_end) = match banned.strip_suffix('*') {
        Some(beginning) => (beginning, true),
        None => (banned, false),
    };
    let is_whole = |&(at, _): &(usize, &str)| {
        let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let after = &text[at + banned.len()..];
        outside(text[..at].chars().next_back()) && (any_end || outside(after.chars().next()))
    };
    let (at, _) = text.match_indices(banned).find(is_whole)?;
    Some(around(&text, at))
}

/// A few words on both sides of a place.
fn around(text: &str, at: usize) -> String {
    let before: Vec<char> = text[..at].chars().rev().take(20).collect();
    let line: String = before.into_iter().rev().chain(text[at..].chars().take(30)).collect();
    line.replace('\n', " ")
}

#[test]
fn chinese_pages_use_the_glossary_s_terms() {
    let terms = CHINESE_TERMS
        .iter()
        .flat_map(|(term, banned)| banned.iter().map(move |banned| (*banned, *term)));
    let all: Vec<(&str, &str)> = terms.chain(CHINESE).collect();
    let mut problems = vec![];
    for page in pages().iter().filter(|page| is_chinese(&page.path)) {
        for (banned, instead) in &all {
            if let Some(at) = page.text.find(banned) {
                let (path, place) = (page.path.display(), around(&page.text, at));
                problems.push(format!("{path}: …{place}…: {banned}, better {instead}"));
            }
        }
    }
    complain_about("other words than the glossary's", problems);
}

#[test]
fn english_pages_use_native_words_and_british_spelling() {
    let mut problems = vec![];
    for page in pages().iter().filter(|page| !is_chinese(&page.path)) {
        let words = words(page);
        for (banned, instead) in ENGLISH {
            if let Some(place) = found(&words, banned) {
                let path = page.path.display();
                problems.push(format!("{path}: …{place}…: {banned}, better {instead}"));
            }
        }
    }
    complain_about("words that no native reader would write", problems);
}

/// The terms above are entries, and so are none of the words that they replace.
#[test]
fn the_glossary_is_the_reference() {
    let [_, (_, zh)] = both("glossary.md");
    for (term, banned) in CHINESE_TERMS {
        assert!(zh.contains(&format!("| **{term}** |")), "{term} is no entry");
        let entry = banned.iter().find(|word| zh.contains(&format!("| **{word}** |")));
        assert_eq!(entry, None, "an entry for what should be {term}");
    }
}

#[test]
fn words_are_found_whole() {
    assert!(found("Here a Text goes in", "a text").is_some());
    assert_eq!(found("extra textures", "a text"), None);
    assert!(found("normalized rows", "normaliz*").is_some());
    assert_eq!(found("the tokenizer optimises", "optimiz*"), None);
}
