//! docs/{en,zh}/library.md names functions and files: they must be there, the same in both.

use super::page::root;
use std::fs::read_to_string;

/// The rows of the big table: the function and the file that holds it.
fn places(language: &str) -> Vec<(String, String)> {
    let page = read_to_string(root().join(format!("docs/{language}/library.md"))).unwrap();
    let rows = page.lines().filter(|line| line.contains("](walk/"));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let &[_, _, _, function, file, _] = cells.as_slice() else {
            return None;
        };
        let (_, file) = file.split_once("](../../")?;
        Some((
            function.trim_matches('`').to_string(),
            file.trim_end_matches(')').to_string(),
        ))
    })
    .collect()
}

#[test]
fn what_the_table_names_is_where_it_says() {
    let places_en = places("en");
    assert!(places_en.len() > 30, "{} rows", places_en.len());
    assert_eq!(places_en, places("zh"));
    for (function, file) in places_en {
        let source = read_to_string(root().join(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let name = function.rsplit("::").next().unwrap();
        let defined = ["fn", "struct", "enum", "type"].iter().any(|kind| {
            let is_there = |end| source.contains(&format!("{kind} {name}{end}"));
            ["(", "<", " ", ";"].into_iter().any(is_there)
        });
        assert!(defined, "{file} does not define {function}");
    }
}
