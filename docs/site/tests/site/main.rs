//! The web site in a browser: every page of both books loads whole and alone, draws its formulas,
//! fits its window, leads to its twin, and is found.
//!
//! The browser is Debian's Chromium. Where there is none, these tests are ignored, and say why;
//! where `REQUIRE_CHROMIUM` is set, as in CI, they fail.

mod browser;
mod visit;

use browser::Chromium;
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};
use visit::{Visit, WIDTHS};

type Test = fn(&Site) -> Vec<String>;

const TESTS: [(&str, Test); 8] = [
    ("every_page_loads_without_complaint_and_from_nowhere_else", loads),
    ("every_formula_is_drawn", formulas),
    ("the_language_switch_leads_to_the_twin", switch),
    ("search_finds_english_and_chinese", search),
    ("a_wide_window_holds_every_page", fits_wide),
    ("a_narrow_window_holds_every_page", fits_narrow),
    ("every_link_leads_somewhere", links),
    ("the_first_page_leads_to_the_reader_s_language", first_page),
];

fn main() -> ExitCode {
    let chromium = browser::find();
    let required = std::env::var_os("REQUIRE_CHROMIUM").is_some();
    let ignored = chromium.is_none() && !required;
    let kind = if ignored { "ignored: no chromium in PATH" } else { "" };
    let site = Arc::new(OnceLock::new());
    let trial = |(name, test): (&str, Test)| {
        let (site, chromium) = (site.clone(), chromium.clone());
        let run = move || {
            let problems = test(site.get_or_init(|| Site::build(chromium)));
            if problems.is_empty() { Ok(()) } else { Err(Failed::from(problems.join("\n"))) }
        };
        Trial::test(name, run).with_kind(kind).with_ignored_flag(ignored)
    };
    let mut arguments = Arguments::from_args();
    // A browser draws only the tab in front.
    arguments.test_threads = Some(1);
    let conclusion = libtest_mimic::run(&arguments, TESTS.map(trial).into());
    // The browser ends with the site, which a process that merely exits would not drop.
    drop(site);
    conclusion.exit_code()
}

/// The built site, and the browser that looks at it.
struct Site {
    directory: PathBuf,
    /// All pages, relative to the directory.
    pages: Vec<PathBuf>,
    chromium: Chromium,
    visits: OnceLock<Vec<Visit>>,
}

impl Site {
    fn build(chromium: Option<PathBuf>) -> Site {
        let chromium = chromium.expect(
            "REQUIRE_CHROMIUM is set, but there is no chromium in PATH: install Debian's package \
             chromium, or name the browser in CHROMIUM",
        );
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
        let _ = std::fs::remove_dir_all(&directory);
        let status = Command::new(env!("CARGO_BIN_EXE_llama3-book"))
            .args(["site", "--out"])
            .arg(&directory)
            .status();
        assert!(status.unwrap().success(), "docs/site cannot build the site; its report is above");
        let mut pages = Vec::new();
        for book in ["en", "zh"] {
            collect_pages(&directory, Path::new(book), &mut pages);
        }
        pages.sort();
        assert!(pages.len() > 2 * 10, "only {} pages", pages.len());
        Site { directory, pages, chromium: Chromium::start(&chromium), visits: OnceLock::new() }
    }

    /// Every page, visited once in each width; the sidebar opens only in a wide one.
    fn visits(&self) -> &[Visit] {
        self.visits.get_or_init(|| {
            let [wide, narrow] = WIDTHS.map(|width| {
                let tab = self.chromium.tab();
                tab.set_width(width);
                tab
            });
            let pages = self.pages.iter();
            pages.map(|page| Visit::new(&self.directory, &wide, &narrow, page)).collect()
        })
    }

    /// What `look` finds wrong, each with its page.
    fn on_every_page(&self, look: impl Fn(&Visit) -> &[String]) -> Vec<String> {
        let problems = self.visits().iter().flat_map(|visit| {
            let problems = look(visit).iter();
            problems.map(|problem| format!("{}: {problem}", visit.page.display()))
        });
        problems.collect()
    }
}

fn collect_pages(root: &Path, inner: &Path, pages: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(root.join(inner)).unwrap() {
        let path = inner.join(entry.unwrap().file_name());
        if root.join(&path).is_dir() {
            collect_pages(root, &path, pages);
        } else if path.extension().is_some_and(|e| e == "html") && !path.ends_with("toc.html") {
            pages.push(path);
        }
    }
}

fn loads(site: &Site) -> Vec<String> {
    site.on_every_page(|visit| &visit.complaints)
}

fn formulas(site: &Site) -> Vec<String> {
    let mut problems = site.on_every_page(|visit| &visit.bad_formulas);
    let seen: u64 = site.visits().iter().map(|visit| visit.n_formulas).sum();
    if seen < 100 {
        problems.push(format!("only {seen} formulas in both books"));
    }
    problems
}

/// Every page has one; where it leads is a page of the other book, as `links` sees too. A click on
/// one of them goes there.
fn switch(site: &Site) -> Vec<String> {
    let twin = |page: &Path| {
        let (book, rest) = page.to_str().unwrap().split_once('/').unwrap();
        site.directory.join(if book == "en" { "zh" } else { "en" }).join(rest)
    };
    let mut problems = Vec::new();
    for visit in site.visits() {
        let expected = format!("file://{}", twin(&visit.page).display());
        if visit.switch != [expected] {
            problems.push(format!("{} leads to {:?}", visit.page.display(), visit.switch));
        }
    }
    let tab = site.chromium.tab();
    tab.open(&site.directory.join("en/walk/05_rope.html"));
    tab.click(".menu-bar .language-switch");
    tab.wait_for("document.documentElement.lang === 'zh' && location.pathname.endsWith('/zh/walk/05_rope.html')");
    problems
}

/// A term each, as a reader types it, in each book; the second is in no title.
fn search(site: &Site) -> Vec<String> {
    let terms = [
        ("en", "softmax"),
        ("en", "complex number"),
        ("zh", "词元"),
        ("zh", "注意力分数"),
        ("zh", "KV缓存"),
        ("zh", "softmax"),
    ];
    let mut problems = Vec::new();
    for (book, term) in terms {
        let tab = site.chromium.tab();
        tab.open(&site.directory.join(book).join("index.html"));
        tab.click("#mdbook-search-toggle");
        tab.click("#mdbook-searchbar");
        tab.wait_for("!document.querySelector('.searching')");
        tab.write(term);
        tab.press("Shift");
        tab.wait_for("document.querySelector('#mdbook-searchresults-header').innerText !== ''");
        let links =
            tab.list("[...document.querySelectorAll('#mdbook-searchresults a')].map(a => a.href)");
        let Some(first) = links.first() else {
            problems.push(format!("{book}: nothing found for {term}"));
            continue;
        };
        let file = first.trim_start_matches("file://").split(['?', '#']).next().unwrap_or_default();
        tab.open(Path::new(file));
        let text = tab
            .value("document.querySelector('main').textContent.toLowerCase().replaceAll(' ', '')");
        let words = term.to_lowercase().replace(' ', "");
        if !text.as_str().unwrap().contains(&words) {
            problems.push(format!("{book}: {term} is not on {first}"));
        }
        problems.extend(tab.complaints());
    }
    problems
}

fn fits_wide(site: &Site) -> Vec<String> {
    site.on_every_page(|visit| &visit.too_wide[0])
}

fn fits_narrow(site: &Site) -> Vec<String> {
    site.on_every_page(|visit| &visit.too_wide[1])
}

fn links(site: &Site) -> Vec<String> {
    let ids =
        |visit: &Visit| (site.directory.join(&visit.page), BTreeSet::from_iter(visit.ids.clone()));
    let pages: BTreeMap<PathBuf, BTreeSet<String>> = site.visits().iter().map(ids).collect();
    let leads_somewhere = |link: &str| {
        let Some(file) = link.strip_prefix("file://") else {
            return true;
        };
        let (file, anchor) = file.split_once('#').unwrap_or((file, ""));
        let ids = pages.get(Path::new(file));
        Path::new(file).is_file()
            && (anchor.is_empty() || ids.is_none_or(|ids| ids.contains(anchor)))
    };
    let mut problems = Vec::new();
    for visit in site.visits() {
        let bad = visit.links.iter().filter(|link| !leads_somewhere(link));
        problems.extend(bad.map(|link| format!("{}: {link} leads nowhere", visit.page.display())));
    }
    problems
}

fn first_page(site: &Site) -> Vec<String> {
    let mut problems = Vec::new();
    for (reads, gets) in [("zh-CN", "zh"), ("en-GB", "en"), ("fr-FR", "en")] {
        let tab = site.chromium.tab();
        tab.set_language(reads);
        tab.open(&site.directory.join("index.html"));
        tab.wait_for("location.pathname.endsWith('/en/index.html') || location.pathname.endsWith('/zh/index.html')");
        let language = tab.value("document.documentElement.lang");
        if language != gets {
            problems.push(format!("who reads {reads} gets {language}"));
        }
    }
    problems
}
