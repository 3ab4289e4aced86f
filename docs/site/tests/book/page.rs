//! A Markdown page, read as a code-hosting page reads it.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What of a page the tests ask for.
#[derive(Default)]
pub struct Page {
    /// Relative to the repository.
    pub path: PathBuf,
    pub text: String,
    /// Language and code of each block.
    pub code: Vec<(String, String)>,
    pub inline_code: Vec<String>,
    pub links: Vec<String>,
    /// File and words of each picture.
    pub pictures: Vec<(String, String)>,
    /// What `#…` may name.
    pub anchors: Vec<String>,
    /// The cells of each row of each table.
    pub rows: Vec<Vec<String>>,
    /// Everything but code blocks, tables and pictures' words.
    pub prose: String,
}

pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// All pages of the book, and those beside it that lead into it.
pub fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> = [
        "README.md",
        "README.zh.md",
        "weights/README.md",
        "weights/README.zh.md",
    ]
    .map(PathBuf::from)
    .into();
    for language in ["en", "zh"] {
        collect(&Path::new("docs").join(language), &mut paths);
    }
    paths.iter().map(|path| Page::read(path)).collect()
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(root().join(directory)).unwrap() {
        let path = directory.join(entry.unwrap().file_name());
        if root().join(&path).is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
}

/// The same page in the other language.
pub fn twin(path: &Path) -> PathBuf {
    let path = path.to_str().unwrap();
    let twin = match path.strip_prefix("docs/en/") {
        Some(rest) => format!("docs/zh/{rest}"),
        None => match path.strip_prefix("docs/zh/") {
            Some(rest) => format!("docs/en/{rest}"),
            None if path.ends_with(".zh.md") => path.replace(".zh.md", ".md"),
            None => path.replace(".md", ".zh.md"),
        },
    };
    PathBuf::from(twin)
}

impl Page {
    pub fn read(path: &Path) -> Page {
        let text = std::fs::read_to_string(root().join(path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut page = Page::parse(&text);
        page.path = path.into();
        page
    }

    pub fn parse(text: &str) -> Page {
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH;
        let mut page = Page {
            text: text.into(),
            ..Page::default()
        };
        let mut place = Place::default();
        for event in Parser::new_ext(text, options) {
            match event {
                Event::Start(tag) => page.start(tag, &mut place),
                Event::End(tag) => page.end(tag, &mut place),
                Event::Code(code) => {
                    page.inline_code.push(code.to_string());
                    page.push(&code, &mut place);
                }
                Event::Text(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                    page.push(&text, &mut place);
                }
                Event::SoftBreak | Event::HardBreak => page.push(" ", &mut place),
                _ => {}
            }
        }
        page
    }

    fn start(&mut self, tag: Tag, place: &mut Place) {
        match tag {
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code.push((language, String::new()));
                place.in_code = true;
            }
            Tag::Link { dest_url, .. } => self.links.push(dest_url.to_string()),
            Tag::Image { dest_url, .. } => {
                self.pictures.push((dest_url.to_string(), String::new()));
                place.in_picture = true;
            }
            Tag::Heading { .. } => place.heading = Some(String::new()),
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            Tag::TableCell => place.cell = Some(String::new()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, place: &mut Place) {
        match tag {
            TagEnd::CodeBlock => place.in_code = false,
            TagEnd::Image => place.in_picture = false,
            TagEnd::Heading(_) => {
                let anchor = slug(&place.heading.take().unwrap_or_default());
                let before = place.slugs.entry(anchor.clone()).or_insert(0);
                self.anchors.push(match *before {
                    0 => anchor,
                    n => format!("{anchor}-{n}"),
                });
                *before += 1;
            }
            TagEnd::TableCell => {
                let cell = place.cell.take().unwrap_or_default();
                self.rows.last_mut().unwrap().push(cell);
            }
            _ => {}
        }
        self.prose.push('\n');
    }

    fn push(&mut self, text: &str, place: &mut Place) {
        if let Some(heading) = &mut place.heading {
            heading.push_str(text);
        }
        let part = match place {
            Place { in_code: true, .. } => &mut self.code.last_mut().unwrap().1,
            Place {
                in_picture: true, ..
            } => &mut self.pictures.last_mut().unwrap().1,
            Place {
                cell: Some(cell), ..
            } => cell,
            _ => &mut self.prose,
        };
        part.push_str(text);
    }
}

/// Where in a page the parser is.
#[derive(Default)]
struct Place {
    in_code: bool,
    in_picture: bool,
    heading: Option<String>,
    cell: Option<String>,
    slugs: HashMap<String, usize>,
}

/// The anchor that code-hosting pages and mdBook give a heading.
fn slug(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn a_page_is_read_into_its_parts() {
    let page = Page::parse(
        "# A `b`, c\n\n# A b c\n\n[d](e.md#f) ![g](h.svg) 12\n\n| i | j |\n|---|---|\n| 3 | k |\n\n```rust\nl\n```\n",
    );
    assert_eq!(page.anchors, ["a-b-c", "a-b-c-1"]);
    assert_eq!(page.links, ["e.md#f"]);
    assert_eq!(page.pictures, [("h.svg".to_string(), "g".to_string())]);
    assert_eq!(page.rows, [["i", "j"], ["3", "k"]]);
    assert_eq!(page.code, [("rust".to_string(), "l\n".to_string())]);
    assert!(
        page.prose.contains("12") && !page.prose.contains('3'),
        "{}",
        page.prose
    );
}
