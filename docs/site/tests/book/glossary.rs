//! The glossary has the same entries in both languages, and follows the project's own terms.

use super::page::both;
use std::collections::BTreeSet;

/// Each row's term, the other language's term, and the page that explains it.
fn rows(page: &str) -> Vec<[String; 3]> {
    let rows = page.lines().filter(|line| line.starts_with("| **"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let &[term, other, meaning, place] = cells.as_slice() else {
            panic!("not four cells: {row}");
        };
        assert!(meaning.ends_with(['.', '。', '）', ')']), "{row}");
        let (_, link) = place.split_once("](").unwrap();
        let link = link.trim_end_matches(") |");
        [term.trim_matches(['|', ' ', '*']), other, link].map(String::from)
    })
    .collect()
}

#[test]
fn both_languages_have_the_same_entries() {
    let [en, zh] = both("glossary.md").map(|(_, page)| rows(&page));
    assert!(en.len() > 60);
    let swapped = |[zh, en, link]: [String; 3]| [en, zh, link];
    let (en, zh) = (BTreeSet::from_iter(en), zh.into_iter().map(swapped).collect());
    let differences: Vec<_> = en.symmetric_difference(&zh).collect();
    assert!(differences.is_empty(), "{differences:?}");
}

#[test]
fn english_entries_are_in_alphabetical_order() {
    let [(_, en), _] = both("glossary.md");
    let terms: Vec<String> = rows(&en).into_iter().map(|[term, ..]| term).collect();
    assert!(terms.is_sorted_by_key(|term| term.to_lowercase()));
    let distinct: BTreeSet<&String> = terms.iter().collect();
    assert_eq!(distinct.len(), terms.len(), "a term stands twice");
}
