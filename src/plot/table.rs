//! A table that a notebook cell shows.

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
    Table {
        header: header.iter().map(|name| name.to_string()).collect(),
        rows: vec![],
    }
}

impl Table {
    /// The table with one more row; each cell is anything that can be printed.
    pub fn row(mut self, cells: &[&dyn Display]) -> Table {
        self.rows
            .push(cells.iter().map(|cell| cell.to_string()).collect());
        self
    }

    /// The table as plain text, its columns aligned.
    pub fn text(&self) -> String {
        let lines = std::iter::once(&self.header).chain(&self.rows);
        let n_columns = lines.clone().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = lines.clone().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..n_columns).map(width).collect();
        let aligned = |line: &Vec<String>| {
            let cells = line
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"));
            format!("{}\n", cells.collect::<Vec<_>>().join(" | ").trim_end())
        };
        lines.clone().map(aligned).collect()
    }

    /// The table as HTML, without any style of its own.
    pub fn html(&self) -> String {
        let line = |cells: &[String], tag: &str| {
            let cells: String = cells
                .iter()
                .map(|cell| {
                    format!(
                        "<{tag} style=\"text-align:left;white-space:pre-wrap\">{}</{tag}>",
                        escaped(cell)
                    )
                })
                .collect();
            format!("<tr>{cells}</tr>\n")
        };
        let rows: String = self.rows.iter().map(|row| line(row, "td")).collect();
        format!(
            "<table>\n<thead>{}</thead>\n<tbody>{rows}</tbody>\n</table>",
            line(&self.header, "th")
        )
    }

    /// What the evcxr kernel calls when a table is the last expression of a cell.
    pub fn evcxr_display(&self) {
        println!(
            "EVCXR_BEGIN_CONTENT text/html\n{}\nEVCXR_END_CONTENT",
            self.html()
        );
        println!(
            "EVCXR_BEGIN_CONTENT text/plain\n{}EVCXR_END_CONTENT",
            self.text()
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
