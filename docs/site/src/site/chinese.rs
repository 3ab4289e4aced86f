//! What mdBook says itself, in Chinese.

use crate::language::Language;
use anyhow::{Result, ensure};

const WORDS: [(&str, &str); 30] = [
    (">Keyboard shortcuts<", ">键盘快捷键<"),
    (
        "Press <kbd>←</kbd> or <kbd>→</kbd> to navigate between chapters",
        "按 <kbd>←</kbd> 或 <kbd>→</kbd> 翻到上一章或下一章",
    ),
    (
        "Press <kbd>S</kbd> or <kbd>/</kbd> to search in the book",
        "按 <kbd>S</kbd> 或 <kbd>/</kbd> 搜索全书",
    ),
    ("Press <kbd>?</kbd> to show this help", "按 <kbd>?</kbd> 显示这份帮助"),
    ("Press <kbd>Esc</kbd> to hide this help", "按 <kbd>Esc</kbd> 关闭这份帮助"),
    ("\"Table of contents\"", "\"目录\""),
    ("\"Toggle Table of Contents\"", "\"显示或隐藏目录\""),
    ("\"Change theme\"", "\"更换主题\""),
    ("\"Themes\"", "\"主题\""),
    ("theme-default_theme\">Auto<", "theme-default_theme\">自动<"),
    ("theme-light\">Light<", "theme-light\">浅色<"),
    ("theme-rust\">Rust<", "theme-rust\">赭色<"),
    ("theme-coal\">Coal<", "theme-coal\">炭黑<"),
    ("theme-navy\">Navy<", "theme-navy\">深蓝<"),
    ("theme-ayu\">Ayu<", "theme-ayu\">墨蓝<"),
    ("\"Search (`/`)\"", "\"搜索（`/`）\""),
    ("\"Toggle Searchbar\"", "\"显示或隐藏搜索框\""),
    ("\"Search this book ...\"", "\"搜索全书……\""),
    ("\"Page navigation\"", "\"翻页\""),
    ("\"Previous chapter\"", "\"上一章\""),
    ("\"Next chapter\"", "\"下一章\""),
    ("'Copy to clipboard'", "'复制'"),
    ("'Copied!'", "'已复制'"),
    ("'Show hidden lines'", "'显示隐藏的行'"),
    ("'Hide lines'", "'隐藏这些行'"),
    ("'Clipboard error!'", "'复制失败'"),
    ("count + ' search result for \\'' + searchterm + '\\':'", "'“' + searchterm + '”有 1 处：'"),
    ("'No search results for \\'' + searchterm + '\\'.'", "'没有找到“' + searchterm + '”。'"),
    (
        "count + ' search results for \\'' + searchterm + '\\':'",
        "'“' + searchterm + '”有 ' + count + ' 处：'",
    ),
    ("\"Search Result Teaser\"", "\"搜索结果摘要\""),
];

/// The words still to be found.
pub struct Words {
    left: Vec<(&'static str, &'static str, bool)>,
}

impl Words {
    /// All of them for the Chinese book; mdBook speaks English.
    pub fn new(language: Language) -> Words {
        let words = language.pick(&WORDS[..0], &WORDS[..]);
        let left = words.iter().map(|(english, chinese)| (*english, *chinese, false));
        Words { left: left.collect() }
    }

    pub fn translated(&mut self, text: &str) -> String {
        let mut text = text.to_string();
        for (english, chinese, found) in &mut self.left {
            if text.contains(*english) {
                *found = true;
                text = text.replace(*english, chinese);
            }
        }
        text
    }

    /// A new mdBook may say something else; then the table above must follow.
    pub fn check(&self) -> Result<()> {
        let missed = self.left.iter().find(|(_, _, found)| !found);
        ensure!(
            missed.is_none(),
            "mdBook no longer says {}; correct docs/site/src/site/chinese.rs",
            missed.map_or("", |(english, _, _)| english)
        );
        Ok(())
    }
}
