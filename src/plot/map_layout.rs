//! What stands where on the map.

/// The chapters' titles.
pub(super) const CHAPTERS: [(&str, &str); 10] = [
    ("Text to tokens", "从文本到词元"),
    ("Opening the model", "打开模型"),
    ("Embedding and RMSNorm", "嵌入与 RMSNorm"),
    ("Queries, keys, values", "查询、键、值"),
    ("RoPE", "RoPE"),
    ("Scores, mask, softmax", "分数、掩码、softmax"),
    ("All heads, and the first block", "所有注意力头与第一个块"),
    ("All layers, and 42", "走完所有层，得到 42"),
    ("What if?", "如果……会怎样？"),
    ("KV cache", "KV 缓存"),
];

/// A box: where (left, middle, width), what it says (`/` starts a second line), which chapter
/// explains it.
pub(super) struct Part {
    pub at: [f64; 3],
    pub words: (&'static str, &'static str),
    pub chapter: usize,
}

const fn part(at: [f64; 3], words: (&'static str, &'static str), chapter: usize) -> Part {
    Part { at, words, chapter }
}

/// The rows of the map: before the blocks, attention, cache, feed-forward, after the blocks.
pub(super) const IN: f64 = 84.0;
pub(super) const ATTENTION: f64 = 226.0;
pub(super) const CACHE: f64 = 280.0;
pub(super) const FEED: f64 = 368.0;
pub(super) const OUT: f64 = 458.0;

pub(super) const PARTS: [Part; 16] = [
    part([40.0, IN, 88.0], ("text", "文本"), 1),
    part([164.0, IN, 96.0], ("tokens", "词元"), 1),
    part([296.0, IN, 108.0], ("embedding", "嵌入"), 3),
    part(
        [560.0, IN, 134.0],
        ("checkpoint:/all weights", "检查点：/全部权重"),
        2,
    ),
    part([78.0, ATTENTION, 84.0], ("RMSNorm", "RMSNorm"), 3),
    part([184.0, ATTENTION, 66.0], ("Q, K, V", "Q、K、V"), 4),
    part([286.0, ATTENTION, 62.0], ("RoPE", "RoPE"), 5),
    part(
        [376.0, ATTENTION, 110.0],
        ("scores, mask,/softmax", "分数、掩码、/softmax"),
        6,
    ),
    part(
        [510.0, ATTENTION, 92.0],
        ("· V, Wo/(all heads)", "· V，Wo/（所有头）"),
        7,
    ),
    part([286.0, CACHE, 96.0], ("KV cache", "KV 缓存"), 10),
    part([78.0, FEED, 84.0], ("RMSNorm", "RMSNorm"), 7),
    part(
        [190.0, FEED, 206.0],
        (
            "feed-forward: SwiGLU/w2(SiLU(w1 x) × w3 x)",
            "前馈网络：SwiGLU/w2(SiLU(w1 x) × w3 x)",
        ),
        7,
    ),
    part([40.0, OUT, 88.0], ("RMSNorm", "RMSNorm"), 8),
    part([156.0, OUT, 128.0], ("output → logits", "输出 → logits"), 8),
    part([312.0, OUT, 92.0], ("sampling", "采样"), 10),
    part([432.0, OUT, 118.0], ("next token", "下一个词元"), 8),
];

/// The arrows; the chapter lights them with its parts.
pub(super) const WIRES: [(&[[f64; 2]], usize); 18] = [
    (&[[128.0, IN], [164.0, IN]], 1),
    (&[[260.0, IN], [296.0, IN]], 3),
    (
        &[
            [350.0, IN + 20.0],
            [350.0, 118.0],
            [14.0, 118.0],
            [14.0, ATTENTION],
            [78.0, ATTENTION],
        ],
        3,
    ),
    (&[[162.0, ATTENTION], [184.0, ATTENTION]], 4),
    (&[[250.0, ATTENTION], [286.0, ATTENTION]], 5),
    (&[[348.0, ATTENTION], [376.0, ATTENTION]], 6),
    (&[[486.0, ATTENTION], [510.0, ATTENTION]], 7),
    (&[[602.0, ATTENTION], [638.0, ATTENTION]], 7),
    // K and V go through the cache (or, without one, straight on).
    (
        &[
            [217.0, ATTENTION + 22.0],
            [217.0, CACHE + 4.0],
            [286.0, CACHE + 4.0],
        ],
        10,
    ),
    (&[[317.0, ATTENTION + 22.0], [317.0, CACHE - 15.0]], 10),
    (
        &[
            [382.0, CACHE - 4.0],
            [431.0, CACHE - 4.0],
            [431.0, ATTENTION + 22.0],
        ],
        10,
    ),
    (
        &[
            [382.0, CACHE + 6.0],
            [556.0, CACHE + 6.0],
            [556.0, ATTENTION + 22.0],
        ],
        10,
    ),
    // Down to the second half of the block.
    (
        &[
            [660.0, ATTENTION],
            [692.0, ATTENTION],
            [692.0, 312.0],
            [36.0, 312.0],
            [36.0, FEED],
            [78.0, FEED],
        ],
        7,
    ),
    (&[[162.0, FEED], [190.0, FEED]], 7),
    (&[[396.0, FEED], [436.0, FEED]], 7),
    (
        &[
            [458.0, FEED],
            [490.0, FEED],
            [490.0, 424.0],
            [18.0, 424.0],
            [18.0, OUT],
            [40.0, OUT],
        ],
        8,
    ),
    (&[[128.0, OUT], [156.0, OUT]], 8),
    (&[[404.0, OUT], [432.0, OUT]], 8),
];

/// Small words on the arrows: what travels there.
pub(super) const NOTES: [(f64, f64, &str); 6] = [
    (268.0, ATTENTION - 6.0, "Q, K"),
    (361.0, ATTENTION - 6.0, "Q"),
    (206.0, CACHE - 8.0, "V"),
    (326.0, CACHE - 20.0, "K"),
    (420.0, CACHE - 14.0, "K"),
    (546.0, CACHE - 14.0, "V"),
];
