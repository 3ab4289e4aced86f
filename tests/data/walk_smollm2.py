"""Writes examples/predict_42/verify/smollm2.json: what every step of the walk gives for SmolLM2-135M-Instruct.

An independent forward pass in float64 on the weights that gguf dequantises. Before it writes, it
holds itself against smollm2.json, which Meta's code and transformers computed: the logits must
agree within 1e-4, and the best token after every layer must be the same.

    pip install numpy==2.4.6 gguf==0.19.0
    python tests/data/walk_smollm2.py
"""

import json
from pathlib import Path

import gguf
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "weights/SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf"
N_LAYERS, N_HEADS, N_KV_HEADS, HEAD_DIM = 30, 9, 3, 64
FREQS = 100000.0 ** (-2 * np.arange(HEAD_DIM // 2) / HEAD_DIM)
EPS = float(np.float32(1e-5))


def rms_norm(x, weight):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS) * weight


def rotate(x, angles):  # x [heads, T, head_dim], pairs (2i, 2i+1)
    z = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angles)
    return np.stack([z.real, z.imag], -1).reshape(x.shape)


def walk(weights, ids):
    """Every step of the pass, under the names of `Site`."""
    n, seen = len(ids), {}
    embeddings = weights["token_embd.weight"]
    angles = np.arange(n)[:, None] * FREQS
    mask = np.triu(np.full((n, n), -np.inf), 1)
    x = seen["Embedding"] = embeddings[ids]
    for layer in range(N_LAYERS):

        def linear(y, name):
            return y @ weights[f"blk.{layer}.{name}.weight"].T

        def heads(y, name):
            return linear(y, name).reshape(n, -1, HEAD_DIM).transpose(1, 0, 2)

        def see(site, value):
            seen[f"{site}({layer})"] = value
            return value

        normed = see("AttentionNorm", rms_norm(x, weights[f"blk.{layer}.attn_norm.weight"]))
        q = see("Queries", heads(normed, "attn_q"))
        k = see("Keys", heads(normed, "attn_k"))
        v = see("Values", heads(normed, "attn_v"))
        q = see("RotatedQueries", rotate(q, angles))
        k = see("RotatedKeys", rotate(k, angles))
        k, v = (np.repeat(y, N_HEADS // N_KV_HEADS, 0) for y in (k, v))
        scores = see("Scores", q @ k.transpose(0, 2, 1) / np.sqrt(HEAD_DIM) + mask)
        exps = np.exp(scores - scores.max(-1, keepdims=True))
        found = see("HeadOutputs", see("AttentionWeights", exps / exps.sum(-1, keepdims=True)) @ v)
        merged = found.transpose(1, 0, 2).reshape(n, -1)
        x = see("ResidualMiddle", x + see("AttentionOutput", linear(merged, "attn_output")))
        normed = see("FeedForwardNorm", rms_norm(x, weights[f"blk.{layer}.ffn_norm.weight"]))
        gate, up = linear(normed, "ffn_gate"), linear(normed, "ffn_up")
        hidden = see("FeedForwardHidden", gate / (1 + np.exp(-gate)) * up)
        x = see("Residual", x + see("FeedForwardOutput", linear(hidden, "ffn_down")))

    def logits(x):
        return rms_norm(x, weights["output_norm.weight"]) @ embeddings.T

    seen["Logits"] = logits(x)
    lens = [int(logits(seen[f"Residual({layer})"][-1]).argmax()) for layer in range(N_LAYERS)]
    return seen, lens


def step(site, at, values, **more):
    """The values at the places: one list of indices an axis; −∞ (masked) is null."""
    picked = values[np.ix_(*at)].ravel()
    numbers = [float(f"{x:.7g}") if np.isfinite(x) else None for x in picked]
    return {"site": site, **more, "at": at, "expected": numbers}


def first_layer(seen):
    two, last = [5, 15], len(seen["Embedding"]) - 1
    columns, wide = [0, 1, 20, 33, 62, 63], [0, 1, 100, 255, 256, 400, 574, 575]
    everyone = list(range(last + 1))
    places = {
        "Queries": [[0, 8], two, columns],
        "Keys": [[0, 2], two, columns],
        "Values": [[0, 1, 2], two, columns],
        "RotatedQueries": [[0, 8], two, columns],
        "RotatedKeys": [[0, 2], two, columns],
        "Scores": [[0, 4, 8], two, everyone],
        "AttentionWeights": [[0, 4, 8], two, everyone],
        "HeadOutputs": [[0, 4, 8], two, columns],
    }
    steps = [step("Embedding", [two, wide], seen["Embedding"])]
    for site in [site for site in seen if site.endswith("(0)")]:
        if site == "AttentionNorm(0)":
            steps.append({"site": site, "of": "norm_eps", "at": [], "expected": [1e-5]})
        if site == "RotatedQueries(0)":
            freqs = [float(f"{f:.7g}") for f in FREQS]
            steps.append({"site": site, "of": "frequencies", "at": [], "expected": freqs})
        steps.append(step(site, places.get(site[:-3], [two, wide]), seen[site]))
    return steps


def best(site, at, ids):
    return {"site": site, "of": "best", "at": [at], "expected": ids}


def prompt(weights, oracle, whole):
    seen, lens = walk(weights, oracle["ids"])
    ids = [token["id"] for token in oracle["top20"]]
    last = len(oracle["ids"]) - 1
    off = [abs(seen["Logits"][last, t["id"]] - t["logit"]) for t in oracle["top20"]]
    assert max(off) < 1e-4 and lens == oracle["lens_argmax"], (max(off), lens)
    steps = first_layer(seen) if whole else []
    for layer in range(N_LAYERS):
        site = f"Residual({layer})"
        if whole and layer > 0:
            steps.append(step(site, [[5, 15], [0, 1, 100, 255, 256, 400, 574, 575]], seen[site]))
        steps.append(best(site, [last], oracle["lens_argmax"][layer : layer + 1]))
    logits = [token["logit"] for token in oracle["top20"]]
    steps.append({"site": "Logits", "at": [[last], ids], "expected": logits})
    steps.append(best("Logits", [last], ids))
    read, following = oracle["greedy"][:-1], oracle["greedy"][1:]
    steps.append(best("Continuation", list(range(len(read))), following))
    return {"text": oracle["text"], "ids": oracle["ids"], "then": read, "steps": steps}


def main():
    tensors = gguf.GGUFReader(MODEL).tensors
    weights = {t.name: gguf.dequantize(t.data, t.tensor_type).astype(float) for t in tensors}
    oracles = json.loads((ROOT / "tests/data/smollm2.json").read_text())["prompts"]
    prompts = [prompt(weights, oracle, i == 0) for i, oracle in enumerate(oracles[:2])]
    prompts += [{"text": o["text"], "ids": o["ids"]} for o in oracles[2:]]
    bare = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    lines = []
    for p in prompts:
        head = f'  {{"text": {bare(p["text"])},\n   "ids": {bare(p["ids"])}'
        if "steps" in p:
            steps = ",\n".join("    " + bare(s) for s in p["steps"])
            head += f',\n   "then": {bare(p["then"])},\n   "steps": [\n{steps}]'
        lines.append(head + "}")
    (ROOT / "examples/predict_42/verify/smollm2.json").write_text(
        '{\n "name": "SmolLM2-135M-Instruct",\n "bits": 4,\n'
        f' "bytes": {sum(int(t.n_bytes) for t in tensors)},\n "prompts": [\n'
        + ",\n".join(lines) + "\n ]\n}\n"
    )


main()
