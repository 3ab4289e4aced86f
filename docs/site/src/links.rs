//! The links of a page.

use crate::markdown::{events, replaced};
use pulldown_cmark::{Event, LinkType, Tag};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

/// The page with the destination of each inline link and picture replaced, where `to` gives a new
/// one.
pub fn relinked(page: &str, mut to: impl FnMut(&str) -> Option<String>) -> String {
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    for (event, range) in events(page) {
        let (Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, .. })
        | Event::Start(Tag::Image { link_type: LinkType::Inline, dest_url, .. })) = event
        else {
            continue;
        };
        let written = page[range.clone()].rfind(&format!("]({dest_url}"));
        if let (Some(at), Some(new)) = (written, to(&dest_url)) {
            let start = range.start + at + 2;
            changes.push((start..start + dest_url.len(), new));
        }
    }
    changes.sort_by_key(|(range, _)| range.start);
    replaced(page, &changes)
}

/// Whether a link leads into the same site or repository.
pub fn is_relative(link: &str) -> bool {
    !link.contains("://") && !link.starts_with("mailto:") && !link.starts_with('#')
}

/// A path without `.` and `..`; nothing if it leaves the directory that it starts from.
pub fn normal(path: &Path) -> Option<PathBuf> {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => result.push(name),
            Component::CurDir => {}
            Component::ParentDir if result.pop() => {}
            _ => return None,
        }
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_destinations_change() {
        let page = "[a.md](a.md) `[b](a.md)` ![c](a.md) [d](other.md)";
        let to = |link: &str| (link == "a.md").then(|| "z.md".to_string());
        let expected = "[a.md](z.md) `[b](a.md)` ![c](z.md) [d](other.md)";
        assert_eq!(relinked(page, to), expected);
    }

    #[test]
    fn a_path_cannot_leave_its_root() {
        assert_eq!(normal(Path::new("a/./b/../c")), Some(PathBuf::from("a/c")));
        assert_eq!(normal(Path::new("a/../../b")), None);
    }
}
