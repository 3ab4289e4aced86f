//! What a page shows, gathered in one visit for several tests.

use super::browser::Page;
use std::path::{Path, PathBuf};

/// A desktop's window and a telephone's.
pub const WIDTHS: [u32; 2] = [1400, 390];

const NO_PICTURE: &str =
    "[...document.images].filter(i => !i.naturalWidth).map(i => 'no picture ' + i.src)";

const NOT_DRAWN: &str = r"[...document.querySelectorAll('main math')]
    .filter(m => m.getBoundingClientRect().width < 1 || m.getBoundingClientRect().height < 1
        || m.textContent.includes('\\'))
    .map(m => 'not drawn: ' + m.textContent)";

/// Whatever is not code and still has the delimiters or commands of LaTeX.
const NOT_A_FORMULA: &str = r"(() => {
    const copy = document.querySelector('main').cloneNode(true);
    copy.querySelectorAll('pre, code').forEach(code => code.remove());
    const raw = /\$[^\s$][^$\n]*\$|\$\$|\\(text|frac|sum|cdot)\b/;
    return (copy.textContent.match(raw) || []).slice(0, 1).map(t => 'not a formula: ' + t);
})()";

/// What reaches beyond the window, unless it scrolls inside its own box.
const TOO_WIDE: &str = "(() => {
    const scrolls = e => e.matches('main *')
        && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
    const wide = [...document.querySelectorAll('main, main *, .menu-bar *')]
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement));
    const root = document.documentElement;
    const page = root.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [];
    return page.concat(wide.map(e => e.outerHTML.slice(0, 150))).slice(0, 3);
})()";

/// What one visit of a page brings, for several tests.
pub struct Visit {
    pub page: PathBuf,
    pub complaints: Vec<String>,
    pub n_formulas: u64,
    pub bad_formulas: Vec<String>,
    pub too_wide: [Vec<String>; 2],
    pub switch: Vec<String>,
    pub links: Vec<String>,
    pub ids: Vec<String>,
}

impl Visit {
    /// Opens a page of the site in a wide and in a narrow tab.
    pub fn new(site: &Path, tab: &Page, narrow: &Page, page: &Path) -> Visit {
        let path = site.join(page);
        tab.open(&path);
        narrow.open(&path);
        Visit {
            page: page.into(),
            complaints: [tab.list(NO_PICTURE), tab.complaints(), narrow.complaints()].concat(),
            n_formulas: tab
                .value("document.querySelectorAll('main math').length")
                .as_u64()
                .unwrap(),
            bad_formulas: [tab.list(NOT_DRAWN), tab.list(NOT_A_FORMULA)].concat(),
            too_wide: [tab.list(TOO_WIDE), narrow.list(TOO_WIDE)],
            switch: tab.list(
                "[...document.querySelectorAll('.menu-bar .language-switch')].map(a => a.href)",
            ),
            links: tab.list("[...document.links].map(a => decodeURIComponent(a.href))"),
            ids: tab.list("[...document.querySelectorAll('[id]')].map(e => e.id)"),
        }
    }
}
