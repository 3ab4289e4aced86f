//! A Markdown page, read as a code-hosting page reads it.

use llama3_book::language::{LANGUAGES, docs};
use llama3_book::{files, links, markdown};
use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};
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

pub fn read(path: impl AsRef<Path>) -> String {
    files::read(&root().join(path)).unwrap()
}

/// The written page of that name in both languages, each with its path.
pub fn both(name: &str) -> [(PathBuf, String); 2] {
    LANGUAGES.map(|language| docs(language).join(name)).map(|path| (path.clone(), read(path)))
}

/// The page of that name says these words in both languages.
#[track_caller]
pub fn both_say(name: &str, words: &str) {
    for (path, text) in both(name) {
        assert!(text.contains(words), "{} does not say {words:?}", path.display());
    }
}

/// All pages of the book, and those beside it that lead into it.
pub fn pages() -> Vec<Page> {
    let beside = ["README.md", "README.zh.md", "weights/README.md", "weights/README.zh.md"];
    let mut paths: Vec<PathBuf> = beside.map(PathBuf::from).into();
    for book in LANGUAGES.map(docs) {
        let files = files::under(&root().join(&book)).unwrap();
        let pages = files.iter().filter(|path| super::is_page(path));
        paths.extend(pages.map(|page| book.join(page)));
    }
    paths.iter().map(|path| Page::read(path)).collect()
}

/// Made from a notebook.
pub fn is_in_walk(path: &Path) -> bool {
    path.iter().any(|part| part == "walk")
}

/// The same page in the other language.
pub fn twin(path: &Path) -> PathBuf {
    let path = path.to_str().unwrap();
    let ways =
        [("docs/en/", "docs/zh/"), ("docs/zh/", "docs/en/"), (".zh.md", ".md"), (".md", ".zh.md")];
    let (from, to) = ways.into_iter().find(|(from, _)| path.contains(from)).unwrap();
    path.replace(from, to).into()
}

impl Page {
    pub fn read(path: &Path) -> Page {
        Page::parse(path, &read(path))
    }

    pub fn parse(path: &Path, text: &str) -> Page {
        let (path, text) = (path.into(), text.to_string());
        let mut page = Page { path, text: text.clone(), ..Page::default() };
        let mut place = Place::default();
        for (event, _) in markdown::events(&text) {
            match event {
                Event::Start(tag) => page.start(tag, &mut place),
                Event::End(tag) => page.end(tag, &mut place),
                Event::Code(code) => {
                    page.inline_code.push(code.to_string());
                    page.push(&code, &mut place);
                }
                Event::DisplayMath(formula) => page.code.push(("math".into(), formula.to_string())),
                Event::Text(text) | Event::InlineMath(text) => page.push(&text, &mut place),
                Event::SoftBreak | Event::HardBreak => page.push(" ", &mut place),
                _ => {}
            }
        }
        page
    }

    /// Where a link on this page leads, without its anchor.
    pub fn target(&self, link: &str) -> PathBuf {
        match link.split('#').next().unwrap() {
            "" => self.path.clone(),
            file => links::normal(&self.path.parent().unwrap().join(file))
                .unwrap_or_else(|| panic!("{}: {link} leaves the repository", self.path.display())),
        }
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
        let part = if place.in_code {
            &mut self.code.last_mut().unwrap().1
        } else if place.in_picture {
            &mut self.pictures.last_mut().unwrap().1
        } else {
            place.cell.as_mut().unwrap_or(&mut self.prose)
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
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn a_page_is_read_into_its_parts() {
    let text = "# A `b`, c\n\n# A b c\n\n[d](e.md#f) ![g](h.svg) 12\n\n| i | j |\n|---|---|\n| 3 | k |\n\n\
                ```rust\nl\n```\n\n$$m$$\n";
    let page = Page::parse(Path::new("docs/en/n.md"), text);
    assert_eq!(page.anchors, ["a-b-c", "a-b-c-1"]);
    assert_eq!(page.links, ["e.md#f"]);
    assert_eq!(page.target(&page.links[0]), Path::new("docs/en/e.md"));
    assert_eq!(page.pictures, [("h.svg".to_string(), "g".to_string())]);
    assert_eq!(page.rows, [["i", "j"], ["3", "k"]]);
    assert_eq!(
        page.code,
        [("rust", "l\n"), ("math", "m")].map(|(a, b)| (a.to_string(), b.to_string()))
    );
    assert!(page.prose.contains("12") && !page.prose.contains('3'), "{}", page.prose);
}
