//! One block of the whole computation: attention, then the feed-forward network.

use super::sheet::{GAP, Kind, LEFT, Page, RIGHT, STEM};

/// Where three columns begin, and how wide each is.
const COLUMNS: [f64; 3] = [LEFT, LEFT + 132.0, LEFT + 264.0];
const WIDTH: f64 = 120.0;

impl Page<'_> {
    /// Norm, three matrices, RoPE, cache, scores, softmax, weighted values, wo, back to the spine.
    pub fn attention(&mut self) {
        let c = self.config;
        let top = self.y;
        self.norm("attention_norm");
        self.stems(&COLUMNS);
        let [q, k, v] = COLUMNS;
        let ends = [(q, "wq"), (k, "wk"), (v, "wv")]
            .map(|(x, name)| self.matrix(x, name, Kind::Attention));
        let bottom = ends.iter().flatten().copied().fold(0.0, f64::max) + 4.0;
        let cache = self.projections(ends.map(|[matrix, _]| matrix), bottom);
        let rows = format!("[{}, T, S]", c.n_heads);
        let scaled = format!("q kᵀ / √{}", c.head_dim);
        let name = self.pick(format!("scores: {scaled}"), format!("分数：{scaled}"));
        let two = [COLUMNS[0], COLUMNS[1] + WIDTH];
        self.step(two, &name, &rows);
        self.arrow_down(COLUMNS[0] + STEM);
        let name = self.pick("mask: later tokens −∞", "掩码：后面的词元为 −∞");
        self.step(two, name, &rows);
        self.arrow_down(COLUMNS[0] + STEM);
        let name = self.pick("softmax: rows sum to 1", "softmax：每行之和为 1");
        self.step(two, name, &rows);
        self.name_spine((top + self.y) / 2.0);
        // The values, from the cache past the scores.
        let x = COLUMNS[2] + STEM;
        self.arrow([x, cache + 2.0], [x, self.y + GAP - 2.0]);
        self.arrow_down(COLUMNS[0] + STEM);
        let name = self.pick("weighted values, all heads", "加权的值，所有头");
        let shape = format!("[{}, T, {}]", c.n_heads, c.head_dim);
        self.step([LEFT, RIGHT], name, &shape);
        self.arrow_down(COLUMNS[0] + STEM);
        self.back("wo", Kind::Attention);
    }

    /// q and k are turned, k and v are kept. Returns the lower edge of the cache.
    fn projections(&mut self, matrices: [f64; 3], bottom: f64) -> f64 {
        let c = self.config;
        for (x, y) in COLUMNS.iter().zip(matrices) {
            self.arrow([x + STEM, y + 2.0], [x + STEM, bottom + GAP - 2.0]);
        }
        self.y = bottom + GAP;
        let steps = self.pick(
            ["q, RoPE turns it", "k, RoPE turns it", "v"],
            ["q，经 RoPE 旋转", "k，经 RoPE 旋转", "v"],
        );
        let heads = [c.n_heads, c.n_kv_heads, c.n_kv_heads];
        let mut end = self.y;
        for ((x, name), n) in COLUMNS.iter().zip(steps).zip(heads) {
            let shape = format!("[{n}, T, {}]", c.head_dim);
            end = self.small_step([*x, x + WIDTH], name, &shape);
        }
        self.y = end;
        let y = end + GAP;
        for x in [COLUMNS[1], COLUMNS[2]] {
            self.arrow([x + STEM, end + 2.0], [x + STEM, y - 2.0]);
        }
        self.y = y;
        let name = self.pick(
            "KV cache: k, v of all S tokens",
            "KV 缓存：全部 S 个词元的 k、v",
        );
        let shape = format!("2 × [{}, S, {}]", c.n_kv_heads, c.head_dim);
        let cache = self.small_step([COLUMNS[1], RIGHT], name, &shape);
        self.y = cache + GAP;
        self.arrow(
            [COLUMNS[0] + STEM, end + 2.0],
            [COLUMNS[0] + STEM, self.y - 2.0],
        );
        self.arrow(
            [COLUMNS[1] + STEM, cache + 2.0],
            [COLUMNS[1] + STEM, self.y - 2.0],
        );
        cache
    }

    /// Norm, gate and up side by side, their product, down, back to the spine.
    pub fn feed_forward(&mut self) {
        let halves = [LEFT, LEFT + 198.0];
        let top = self.y;
        self.norm("ffn_norm");
        self.stems(&halves);
        let gate = self.matrix(halves[0], "w1", Kind::FeedForward);
        let up = self.matrix(halves[1], "w3", Kind::FeedForward);
        let bottom = gate.into_iter().chain(up).fold(0.0, f64::max) + GAP;
        for (x, [matrix, _]) in halves.iter().zip([gate, up]) {
            self.arrow([x + STEM, matrix + 2.0], [x + STEM, bottom - 2.0]);
        }
        self.y = bottom;
        let name = self.pick("SwiGLU: SiLU(gate) × up", "SwiGLU：SiLU(门控) × 升维");
        let shape = format!("[T, {}]", self.config.hidden_dim);
        self.step([LEFT, RIGHT], name, &shape);
        self.name_spine((top + self.y) / 2.0);
        self.arrow_down(LEFT + STEM);
        self.back("w2", Kind::FeedForward);
    }

    /// Arrows from a norm into the matrices below it.
    fn stems(&mut self, columns: &[f64]) {
        for x in columns {
            let x = x + STEM;
            self.arrow([x, self.y + 2.0], [x, self.y + GAP - 2.0]);
        }
        self.y += GAP;
    }

    /// The last matrix of a half, and its output into the spine.
    fn back(&mut self, name: &str, kind: Kind) {
        let top = self.y;
        let [matrix, words] = self.matrix(LEFT, name, kind);
        self.plus((top + matrix) / 2.0);
        self.y = matrix.max(words) + 14.0;
    }
}
