//! Every figure is well-formed, says in words what it shows, and refuses what it cannot draw.

use super::*;

use candle_core::{Device, Tensor};

fn tensor(rows: &[&[f32]]) -> Tensor {
    let values: Vec<f32> = rows.concat();
    Tensor::from_vec(values, (rows.len(), rows[0].len()), &Device::Cpu).unwrap()
}

/// At least one figure of each kind, in a language.
fn figures(language: Language) -> Vec<Figure> {
    let weights = tensor(&[&[1.0, 0.0, 0.0], &[0.25, 0.75, 0.0]]);
    let masked = tensor(&[&[1.5, f32::NEG_INFINITY], &[-0.5, 2.0]]);
    let pair = tensor(&[&[1.0, 0.0], &[0.6, 0.8], &[0.0, 0.0]]);
    let hard = ["<|a&b|>", " \"x\"\n", "\u{0}\u{202e}\u{ffff}"];
    let two = [("h<0>", weights.clone()), ("h1", masked.clone())];
    let mut descriptions: Vec<Box<dyn Draw>> = vec![
        Box::new(heatmap(&weights).rows(&[" is", "宇宙"]).columns(&hard)),
        Box::new(heatmap(&masked).diverging().title("a < b").x_label("&")),
        Box::new(bars(&[("<a>", 0.5), ("\n", -0.25)]).unit("<&>")),
        Box::new(lines(&[1, 2, 3]).series("&", &[1.0, 10.0, 1e4]).log_y()),
        Box::new(lines(&[5]).series("one point", &[0])),
        Box::new(arrows().circle("<", &pair).circle("b", &pair)),
        Box::new(gallery(&two)),
        Box::new(matmul(("x", &[17, 4096]), ("<w>", &[1024, 4096]), "k")),
        Box::new(swiglu(4096, 14336).title("<&>")),
        Box::new(parts(&[("嵌入", 3), ("<rest>", 1)])),
    ];
    descriptions.push(Box::new(map(2).prompt(&hard, &[1, 22, 128_000])));
    descriptions.extend((1..=10).map(|n| Box::new(map(n)) as Box<dyn Draw>));
    let draw = |mut description: Box<dyn Draw>| {
        description.frame().language = language;
        description.draw().unwrap()
    };
    descriptions.into_iter().map(draw).collect()
}

#[test]
fn figures_are_well_formed_and_described() {
    for figure in figures(Language::En).iter().chain(&figures(Language::Zh)) {
        let svg = roxmltree::Document::parse(figure.svg()).unwrap();
        let root = svg.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        let child = |name| root.children().find(|e| e.has_tag_name(name));
        let text = |name| child(name).and_then(|e| e.text());
        assert!(text("title").is_some_and(|title| !title.is_empty()));
        assert_eq!(text("desc"), Some(figure.alt()));
        assert!(!figure.alt().contains('\n'));
        stays_on_the_page(figure, 760.0);
    }
}

/// Every coordinate is a number, and the figure is no wider than a notebook's column.
fn stays_on_the_page(figure: &Figure, most: f64) {
    let svg = roxmltree::Document::parse(figure.svg()).unwrap();
    let attributes = svg.descendants().flat_map(|e| e.attributes());
    for value in attributes.map(|a| a.value()) {
        assert!(!value.contains("NaN") && !value.contains("inf"), "{value}");
    }
    let width = svg.root_element().attribute("width").unwrap();
    let width: f64 = width.parse().unwrap();
    assert!(width <= most, "{width} pixels: {}", figure.alt());
}

/// What stands in two lines, or is not understood, would be left out without a word.
#[test]
fn the_drawings_are_understood() {
    for drawing in [include_str!("map.svg"), include_str!("swiglu.svg")] {
        let file = roxmltree::Document::parse(drawing).unwrap();
        let all = || file.descendants().filter(|e| e.has_attribute("class"));
        for element in all() {
            for name in ["x", "y", "width", "height", "rx", "cx", "cy", "r"] {
                let number = element.attribute(name).map(str::parse::<f64>);
                assert!(number.is_none_or(|x| x.is_ok()), "{element:?}");
            }
        }
        for (language, other) in [(Language::En, "zh"), (Language::Zh, "en")] {
            let mine: Vec<_> = drawing::elements(drawing, language).collect();
            let expected = all().filter(|e| e.attribute("lang") != Some(other));
            assert_eq!(mine.len(), expected.clone().count());
            for (element, expected) in mine.iter().zip(expected) {
                assert_eq!(element.words(), expected.text().unwrap_or(""));
            }
        }
    }
}

#[test]
fn same_data_same_bytes() {
    assert_eq!(figures(Language::Zh), figures(Language::Zh));
    // Noise in a sum's last digits does not change the picture.
    let weights = tensor(&[&[0.93, 0.07], &[0.5, 0.5]]);
    let noisy = tensor(&[&[0.93000007, 0.069999956], &[0.49999997, 0.5000001]]);
    assert_eq!(heatmap(&weights).draw().unwrap(), heatmap(&noisy).draw().unwrap());
}

#[test]
fn the_words_are_right() {
    let says = |figure: &dyn Draw, words| assert_eq!(figure.draw().unwrap().alt(), words);
    let answer = heatmap(&tensor(&[&[0.07, 0.93]]));
    let answer = answer.rows(&[" is"]).columns(&["the", " answer"]);
    says(&answer, "Heat map, 1 row by 2 columns; largest 0.93 at row ‘␣is’, column ‘␣answer’");
    says(
        &answer.title("第 0 头").language(Language::Zh),
        "第 0 头：热力图，1 行 2 列；最大值 0.93 在“␣is”行、“␣answer”列",
    );
    says(&parts(&[("wq", 3), ("wk", 1)]), "2 parts of 4; wq 75 %; wk 25 %");
    says(
        &arrows().circle("pair 0", &tensor(&[&[1.0, 0.0], &[0.0, 2.0]])),
        "1 circle with arrows; pair 0: 2 arrows, from 0 to 1.57 rad",
    );
    says(
        &lines(&[1, 2]).series("cache", &[0.5, 0.25]),
        "Line chart, 1 line of 2 points; ‘cache’ from 0.5 to 0.25",
    );
    let masked = heatmap(&tensor(&[&[1.0, f32::NEG_INFINITY]]));
    let masked = masked.draw().unwrap();
    assert!(masked.alt().ends_with("1 cell masked") && masked.svg().contains("−∞ (masked)"));
}

#[test]
fn the_map_lights_its_chapter() {
    let lit = |n, words, n_boxes| {
        let figure = map(n).language(Language::En).draw().unwrap();
        assert!(figure.alt().contains(words), "{}", figure.alt());
        let svg = roxmltree::Document::parse(figure.svg()).unwrap();
        let boxes = svg.descendants().filter(|e| e.has_tag_name("rect"));
        let lit = boxes.filter(|e| e.attribute("class") == Some("l3f-lit l3s-accent"));
        assert_eq!(lit.count(), n_boxes);
    };
    lit(2, "Lit: checkpoint: all weights.", 1);
    lit(5, "Lit: RoPE.", 1);
    lit(10, "Lit: KV cache, sampling.", 2);
    assert!(map(0).draw().is_err() && map(11).draw().is_err());
}

fn says(result: Result<Figure>, words: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn a_matrix_that_cannot_be_drawn_is_refused() {
    let empty = Tensor::zeros((0, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
    let nan = tensor(&[&[0.0, 1.0], &[f32::NAN, f32::INFINITY]]);
    let masked = tensor(&[&[f32::NEG_INFINITY]]);
    let line = nan.flatten_all().unwrap();
    let one = heatmap(&tensor(&[&[1.0]]));
    says(heatmap(&empty).draw(), "found [0, 3]");
    says(heatmap(&nan).draw(), "row 1, column 0 is NaN");
    says(heatmap(&masked).draw(), "every cell is −inf");
    says(heatmap(&line).draw(), "[rows, columns]");
    says(one.rows(&["a", "b"]).draw(), "1 row, but 2 row labels");
    says(gallery::<&str>(&[]).draw(), "0 maps");
    says(gallery(&[("head 7", nan.clone())]).draw(), "head 7");
    says(arrows().draw(), "0 circles");
    says(arrows().circle("a", &nan).draw(), "NaN");
    says(arrows().circle("a", &empty).draw(), "[T, 2]");
}

#[test]
fn numbers_that_cannot_be_drawn_are_refused() {
    let two = lines(&[1, 2]);
    let n_values = "1 values, but there are 2 x values";
    says(bars::<&str, f32>(&[]).draw(), "0 bars");
    says(bars(&[("a", f64::NAN)]).draw(), "‘a’ is NaN");
    says(bars(&[("a", f64::MAX)]).draw(), "below 1e100");
    says(bars(&[("a", 1)]).highlight(1).draw(), "counted from 0");
    says(lines(&[0.0; 0]).series("a", &[1.0]).draw(), "nothing to");
    says(two.clone().draw(), "nothing to draw");
    says(two.series("a", &[1]).draw(), n_values);
    says(lines(&[1]).series("a", &[f64::INFINITY]).draw(), "is inf");
    says(lines(&[1]).series("a", &[0]).log_y().draw(), "no logarithm");
    says(parts(&[("a", -1)]).draw(), "from 0");
    says(parts(&[("a", 0)]).draw(), "nothing to cut");
}

#[test]
fn shapes_that_contradict_each_other_are_refused() {
    let card = |x: &[usize], w: &[usize]| matmul(("x", x), ("w", w), "y");
    says(card(&[17, 4096], &[4096, 1024]).draw(), "[out, 4096]");
    says(card(&[17], &[1, 1]).draw(), "[T, in]");
    says(card(&[0, 2], &[2, 2]).draw(), "no size may be 0");
    says(card(&[1, 2], &[0, 2]).draw(), "[out, 2]");
    let product = card(&[17, 8], &[9, 4]).not_transposed();
    says(product.draw(), "[8, out]");
    says(swiglu(0, 1).draw(), "at least 1");
}

#[test]
fn extremes_stay_on_the_page() {
    let long = "many words ".repeat(50);
    let spread: [f64; 5] = [-9e99, -1e-99, 0.0, 1e-99, 9e99];
    let rows: Vec<&[f32]> = vec![&[f32::MIN, f32::MIN_POSITIVE, 0.0, f32::MAX]; 60];
    let labels = [long.as_str(); 60];
    let zero = tensor(&[&[0.0f32, 0.0] as &[f32]; 200]);
    let map = heatmap(&tensor(&rows)).title(&long);
    let descriptions: Vec<Box<dyn Draw>> = vec![
        Box::new(map.clone().diverging().rows(&labels)),
        Box::new(map.columns(&[long.as_str(); 4]).x_label(&long)),
        Box::new(heatmap(&zero.t().unwrap())),
        Box::new(gallery(&vec![(long.as_str(), zero.clone()); 64])),
        Box::new(lines(&spread).series(&long, &spread).series("", &[1e99; 5])),
        Box::new(lines(&[7; 3]).series(&long, &[1e-99, 1.0, 1e99]).log_y()),
        Box::new(lines(&[0.0, 1.0]).series("", &[1.0, 1.0 + f64::EPSILON])),
        Box::new(bars(&spread.map(|x| (&long, x))).unit("x")),
        Box::new(bars(&[("", 0)])),
        Box::new(arrows().circle(&long, &zero)),
        Box::new(matmul((&long, &[1, 1_000_000]), ("", &[1_000_000, 1_000_000]), &long)),
        Box::new(swiglu(1_000_000, 1_000_000)),
        Box::new(parts(&[(&long, 1e-99), (&long, 9e99)])),
    ];
    for description in descriptions {
        stays_on_the_page(&description.draw().unwrap(), 780.0);
    }
}

#[test]
fn numbers_are_short() {
    use super::numbers::*;
    let shown = [0.0, 0.93, 12.345, 999.6, -0.5, 1e-7, 525_336_576.0].map(short);
    assert_eq!(shown, ["0", "0.93", "12.3", "1,000", "−0.5", "1.00e−7", "525,336,576"]);
    assert_eq!(
        [1_050_673_152.0, 8192.0, 17.0].map(|x| Unit::Bytes.show(x)),
        ["1.05 GB", "8.19 kB", "17 B"]
    );
    assert_eq!(fixed(-0.001, 2), "0.00");
    assert_eq!(ticks((0.0, 1.0), 5.0).0.len(), 6);
}

#[test]
fn labels_show_what_cannot_be_seen() {
    let shown = [" is", "head 3", "  ", "\n\n", "a\tb", "\u{7}", "\u{200b}"].map(text::visible);
    assert_eq!(shown, ["␣is", "head 3", "␣␣", "↵↵", "a⇥b", "␇", "U+200B"]);
    assert_eq!(text::fit("everything", 10.0, 30.0), "eve…");
}

#[test]
fn a_notebook_gets_picture_and_words() {
    let figure = bars(&[("a", 1)]).draw().unwrap();
    let bundle = output("image/svg+xml", figure.svg(), figure.alt());
    assert!(bundle.starts_with("EVCXR_BEGIN_CONTENT image/svg+xml\n<svg "));
    let words = "EVCXR_BEGIN_CONTENT text/plain\nBar chart, 1 bar; largest ‘a’ 1; smallest ‘a’ 1";
    assert!(bundle.contains(&format!("</svg>\nEVCXR_END_CONTENT\n{words}\nEVCXR_END_CONTENT")));
    let path = tempfile::tempdir().unwrap();
    figure.save(path.path().join("a.svg")).unwrap();
    assert!(figure.save(path.path().join("missing/a.svg")).is_err());
}
