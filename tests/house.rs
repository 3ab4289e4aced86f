//! The house's plan, held by a test: a file at the root of src/ is a chapter, a folder of its name is
//! its machinery, data flows one way, and nobody imports from lib.rs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every Rust file under src/, without unit tests kept in files of their own.
fn files() -> Vec<PathBuf> {
    fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                found.push(path);
            }
        }
    }
    let (src, mut found) = (src(), vec![]);
    collect(&src, &mut found);
    found.retain(|path| *path != src.join("lib.rs"));
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The chapter that a file belongs to: `matrix` for src/matrix/widen.rs.
fn chapter(path: &Path) -> String {
    let below = path.strip_prefix(src()).unwrap().components().next();
    let name = below.unwrap().as_os_str().to_string_lossy();
    name.trim_end_matches(".rs").to_string()
}

/// The code of a file: no comments, no unit tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let before_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = before_tests.lines();
    let kept = lines.filter(|line| !line.trim_start().starts_with("//"));
    kept.collect::<Vec<_>>().join("\n")
}

/// Whom each chapter imports: every `crate::name` in its code.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files() {
        let own = chapter(&path);
        let others = imports.entry(own.clone()).or_default();
        for after in code(&path).split("crate::").skip(1) {
            let word = after.split(|c: char| !c.is_alphanumeric() && c != '_');
            let other = word.into_iter().next().unwrap().to_string();
            if other != own {
                others.insert(other);
            }
        }
    }
    imports
}

#[test]
fn nobody_imports_from_lib() {
    let chapters: BTreeSet<String> = imports().into_keys().collect();
    for (chapter, others) in imports() {
        let strangers: Vec<_> = others.difference(&chapters).collect();
        assert!(
            strangers.is_empty(),
            "src/{chapter}: crate::{strangers:?} is no chapter; import from where it is defined"
        );
    }
}

/// Takes away, again and again, the chapters that import none of those left.
#[test]
fn data_flows_one_way() {
    let mut left = imports();
    loop {
        let names: BTreeSet<String> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, others| others.intersection(&names).next().is_some());
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "chapters that import each other: {left:?}");
}

#[test]
fn config_knows_nobody() {
    let error = BTreeSet::from(["error".to_string()]);
    assert_eq!(imports()["config"], error);
}

/// The tables at the head of lib.rs name every chapter, and so do the folders.
#[test]
fn lib_is_the_table_of_contents() {
    let lib = std::fs::read_to_string(src().join("lib.rs")).unwrap();
    let map: Vec<&str> = lib.lines().take_while(|line| line.starts_with("//!")).collect();
    for chapter in imports().keys() {
        let is_named = map.iter().any(|line| line.contains(&format!("[`{chapter}`]")));
        assert!(is_named, "lib.rs does not say what src/{chapter}.rs is");
        assert!(
            src().join(format!("{chapter}.rs")).is_file(),
            "src/{chapter}/ is a folder without its chapter, src/{chapter}.rs"
        );
    }
}

#[test]
fn files_hold_one_idea() {
    for path in files() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        let longest = 340;
        assert!(
            lines <= longest && !path.ends_with("mod.rs"),
            "{}: {lines} lines; split it where two ideas meet (name.rs and name/, no mod.rs)",
            path.display()
        );
    }
}
