//! One block of the whole computation: attention, then the feed-forward network.

use super::sheet::{GAP, Kind, LEFT, RIGHT, STEM, Sheet};

/// Where three columns begin, and how wide each is.
const COLUMNS: [f64; 3] = [LEFT, LEFT + 132.0, LEFT + 264.0];
const WIDTH: f64 = 120.0;

/// Through the middles of the queries', keys' and values' matrices.
const STEMS: [f64; 3] = [COLUMNS[0] + STEM, COLUMNS[1] + STEM, COLUMNS[2] + STEM];

impl Sheet<'_> {
    /// Norm, three matrices, RoPE, cache, scores, softmax, weighted values, wo, back to the spine.
    pub fn attention(&mut self) {
        let c = self.config;
        let top = self.y;
        self.norm("attention_norm");
        self.matrices(&COLUMNS, &["wq", "wk", "wv"], Kind::Attention, 4.0 + GAP);
        let cache = self.projections();
        let rows = format!("[{}, T, S]", c.n_heads);
        let scaled = format!("q kᵀ / √{}", c.head_dim);
        let two = [COLUMNS[0], COLUMNS[1] + WIDTH];
        let name = self.pick("scores: ", "分数：");
        self.step(two, &format!("{name}{scaled}"), &rows);
        self.arrow_down(STEMS[0]);
        let name = self.pick("mask: later tokens −∞", "掩码：后面的词元为 −∞");
        self.step(two, name, &rows);
        self.arrow_down(STEMS[0]);
        let name = self.pick("softmax: rows sum to 1", "softmax：每行之和为 1");
        self.step(two, name, &rows);
        self.name_spine((top + self.y) / 2.0);
        self.arrow(STEMS[2], cache, self.y + GAP); // the values, past the scores
        self.arrow_down(STEMS[0]);
        let name = self.pick("weighted values, all heads", "加权的值，所有头");
        let shape = format!("[{}, T, {}]", c.n_heads, c.head_dim);
        self.step([LEFT, RIGHT], name, &shape);
        self.arrow_down(STEMS[0]);
        self.back("wo", Kind::Attention);
    }

    /// q and k are turned, k and v are kept. Returns the lower edge of the cache.
    fn projections(&mut self) -> f64 {
        let c = self.config;
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
        self.y = end + GAP;
        for x in &STEMS[1..] {
            self.arrow(*x, end, self.y);
        }
        let name = self.pick("KV cache: k, v of all S tokens", "KV 缓存：全部 S 个词元的 k、v");
        let shape = format!("2 × [{}, S, {}]", c.n_kv_heads, c.head_dim);
        let cache = self.small_step([COLUMNS[1], RIGHT], name, &shape);
        self.y = cache + GAP;
        self.arrow(STEMS[0], end, self.y);
        self.arrow(STEMS[1], cache, self.y);
        cache
    }

    /// Norm, gate and up side by side, their product, down, back to the spine.
    pub fn feed_forward(&mut self) {
        let top = self.y;
        self.norm("ffn_norm");
        self.matrices(&[LEFT, LEFT + 198.0], &["w1", "w3"], Kind::FeedForward, GAP);
        let name = self.pick("SwiGLU: SiLU(gate) × up", "SwiGLU：SiLU(门控) × 升维");
        let shape = format!("[T, {}]", self.config.hidden_dim);
        self.step([LEFT, RIGHT], name, &shape);
        self.name_spine((top + self.y) / 2.0);
        self.arrow_down(LEFT + STEM);
        self.back("w2", Kind::FeedForward);
    }

    /// Matrices side by side, with arrows into them, and out of them to `gap` below the lowest words.
    fn matrices(&mut self, columns: &[f64], names: &[&str], kind: Kind, gap: f64) {
        for x in columns {
            self.arrow(x + STEM, self.y, self.y + GAP);
        }
        self.y += GAP;
        let ends = columns.iter().zip(names).map(|(x, name)| self.matrix(*x, name, kind));
        let ends: Vec<[f64; 2]> = ends.collect();
        let bottom = ends.iter().flatten().copied().fold(0.0, f64::max) + gap;
        for (x, [matrix, _]) in columns.iter().zip(ends) {
            self.arrow(x + STEM, matrix, bottom);
        }
        self.y = bottom;
    }

    /// The last matrix of a half, and its output into the spine.
    fn back(&mut self, name: &str, kind: Kind) {
        let top = self.y;
        let [matrix, words] = self.matrix(LEFT, name, kind);
        self.plus((top + matrix) / 2.0);
        self.y = matrix.max(words) + 14.0;
    }
}
