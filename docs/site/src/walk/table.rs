//! The HTML table that a cell shows, as a Markdown table.

use crate::markdown::escaped;
use anyhow::{Context, Result, ensure};
use roxmltree::{Document, Node};

pub fn markdown_table(html: &str) -> Result<String> {
    let document = Document::parse(html).context("an HTML output is not well-formed")?;
    let rows: Vec<Vec<String>> = document
        .descendants()
        .filter(|node| node.has_tag_name("tr"))
        .map(|row| row.children().filter(Node::is_element).map(cell).collect())
        .collect();
    let n_columns = rows.first().map_or(0, Vec::len);
    ensure!(n_columns > 0, "an HTML output is not a table: expected <table>, found {html:.40}");
    let mut lines: Vec<String> = rows.iter().map(|row| line(row)).collect();
    lines.insert(1, line(&vec!["---".to_string(); n_columns]));
    Ok(lines.concat())
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The text of a cell, its line breaks and runs of spaces kept.
fn cell(node: Node) -> String {
    // An element's own text() would give that of its first child a second time.
    let texts = node.descendants().filter(Node::is_text);
    let text = escaped(&texts.filter_map(|node| node.text()).collect::<String>());
    let inner = text.trim_matches(' ');
    let before = text.len() - text.trim_start_matches(' ').len();
    let after = text.len() - before - inner.len();
    let nbsp = |n: usize| "&nbsp;".repeat(n);
    let inner = inner.replace("  ", "&nbsp; ").replace('\n', "<br>");
    format!("{}{inner}{}", nbsp(before), nbsp(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_its_cells() {
        let html = "<table><thead><tr><th>a</th><th>b|c</th></tr></thead>\
            <tbody><tr><td> x  y</td><td>&lt;s&gt;\nz</td></tr></tbody></table>";
        let expected = "| a | b\\|c |\n| --- | --- |\n| &nbsp;x&nbsp; y | &lt;s&gt;<br>z |\n";
        assert_eq!(markdown_table(html).unwrap(), expected);
    }

    #[test]
    fn other_html_is_refused() {
        let error = markdown_table("<p>hello</p>").unwrap_err().to_string();
        assert!(error.contains("expected <table>, found <p>hello"), "{error}");
        assert!(markdown_table("<table><tr>").is_err());
    }
}
