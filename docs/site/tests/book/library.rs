//! docs/{en,zh}/library.md names functions and files: they must be there, the same in both.

use super::page::{both, read};

/// The rows of the big table: the function and the file that holds it.
fn places(page: &str) -> Vec<(String, String)> {
    let rows = page.lines().filter(|line| line.contains("](walk/"));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let &[_, _, _, function, file, _] = cells.as_slice() else {
            return None;
        };
        let (_, file) = file.split_once("](../../")?;
        Some((function.trim_matches('`').to_string(), file.trim_end_matches(')').to_string()))
    })
    .collect()
}

#[test]
fn what_the_table_names_is_where_it_says() {
    let [en, zh] = both("library.md").map(|(_, page)| places(&page));
    assert!(en.len() > 30, "{} rows", en.len());
    assert_eq!(en, zh);
    for (function, file) in en {
        let source = read(&file);
        let name = function.rsplit("::").next().unwrap();
        let defined = ["fn", "struct", "enum", "type"].iter().any(|kind| {
            let is_there = |end| source.contains(&format!("{kind} {name}{end}"));
            ["(", "<", " ", ";"].into_iter().any(is_there)
        });
        assert!(defined, "{file} does not define {function}");
    }
}
