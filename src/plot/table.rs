//! A table that a notebook cell shows.

use super::output;

use std::fmt::Display;

/// Rows under a header. As the last expression of a cell it draws itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A table without rows; add them with [`Table::row`].
///
/// ```
/// let table = llama3::table(&["token", "id"]).row(&[&"the", &1820]);
/// assert_eq!(table.text(), "token | id\nthe   | 1820\n");
/// ```
pub fn table(header: &[&str]) -> Table {
    Table { header: header.iter().map(|name| name.to_string()).collect(), rows: vec![] }
}

impl Table {
    /// The table with one more row; each cell is anything that can be printed.
    pub fn row(mut self, cells: &[&dyn Display]) -> Table {
        let cells = cells.iter().map(|cell| cell.to_string());
        self.rows.push(cells.collect());
        self
    }

    /// The table as plain text, its columns aligned.
    pub fn text(&self) -> String {
        let lines = || std::iter::once(&self.header).chain(&self.rows);
        let mut widths: Vec<usize> = vec![];
        for line in lines() {
            widths.resize(widths.len().max(line.len()), 0);
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = cell.chars().count().max(*width);
            }
        }
        let aligned = |line: &Vec<String>| {
            let cells = line.iter().zip(&widths);
            let cells = cells.map(|(cell, width)| format!("{cell:<width$}"));
            format!("{}\n", cells.collect::<Vec<_>>().join(" | ").trim_end())
        };
        lines().map(aligned).collect()
    }

    /// The table as HTML, without any style of its own.
    pub fn html(&self) -> String {
        let line = |cells: &[String], tag: &str| {
            let open = format!("<{tag} style=\"text-align:left;white-space:pre-wrap\">");
            let cells = cells.iter().map(|cell| escaped(cell));
            let cells: String = cells.map(|cell| format!("{open}{cell}</{tag}>")).collect();
            format!("<tr>{cells}</tr>\n")
        };
        let header = line(&self.header, "th");
        let rows: String = self.rows.iter().map(|row| line(row, "td")).collect();
        format!("<table>\n<thead>{header}</thead>\n<tbody>{rows}</tbody>\n</table>")
    }

    /// What the evcxr kernel calls when a table is the last expression of a cell.
    pub fn evcxr_display(&self) {
        let text = self.text();
        println!("{}", output("text/html", &self.html(), text.trim_end()));
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
