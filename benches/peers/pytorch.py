"""PyTorch in bf16 on a checkpoint of Meta's names, answering the same questions as benches/measure.rs.

The weights are views of the mapped file, so it needs no second copy of them.
"""

import json
import mmap
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F


def load(directory):
    """The configuration, and every tensor as a view of the file."""
    directory = Path(directory)
    params = json.loads((directory / "params.json").read_text())
    with open(directory / "consolidated.safetensors", "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    weights = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        flat = torch.frombuffer(data, dtype=torch.bfloat16, count=(end - start) // 2, offset=8 + size + start)
        weights[name] = flat.view(entry["shape"])
    return params, weights


def rms_norm(x, weight, eps):
    y = x.float()
    return (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + eps)).to(x.dtype) * weight


class Model:
    def __init__(self, directory):
        self.params, self.w = load(directory)
        p = self.params
        self.n_heads, self.n_kv_heads = p["n_heads"], p["n_kv_heads"]
        self.head_dim = p["dim"] // p["n_heads"]
        exponents = torch.arange(0, self.head_dim, 2) / self.head_dim
        self.freqs = 1.0 / p["rope_theta"] ** exponents
        self.cache = [None] * p["n_layers"]

    def truncate(self, n):
        self.cache = [kv and (kv[0][:, :n], kv[1][:, :n]) for kv in self.cache]

    def __len__(self):
        return self.cache[0][0].shape[1] if self.cache[0] else 0

    def rotate(self, x, start):
        angles = torch.outer(torch.arange(start, start + x.shape[1]).float(), self.freqs)
        turn = torch.polar(torch.ones_like(angles), angles)
        pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * turn).flatten(2).to(x.dtype)

    @torch.inference_mode()
    def next_logits(self, ids):
        w, eps, start = self.w, self.params["norm_eps"], len(self)
        x = w["tok_embeddings.weight"][ids]
        for layer in range(self.params["n_layers"]):
            name = f"layers.{layer}."
            h = rms_norm(x, w[name + "attention_norm.weight"], eps)
            heads = lambda part, n: F.linear(h, w[name + part]).view(len(ids), n, -1).transpose(0, 1)
            q = self.rotate(heads("attention.wq.weight", self.n_heads), start)
            k = self.rotate(heads("attention.wk.weight", self.n_kv_heads), start)
            v = heads("attention.wv.weight", self.n_kv_heads)
            if self.cache[layer]:
                k = torch.cat([self.cache[layer][0], k], 1)
                v = torch.cat([self.cache[layer][1], v], 1)
            self.cache[layer] = (k, v)
            found = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=len(ids) > 1, enable_gqa=True)
            x = x + F.linear(found[0].transpose(0, 1).flatten(1), w[name + "attention.wo.weight"])
            h = rms_norm(x, w[name + "ffn_norm.weight"], eps)
            gate = F.silu(F.linear(h, w[name + "feed_forward.w1.weight"]))
            up = F.linear(h, w[name + "feed_forward.w3.weight"])
            x = x + F.linear(gate * up, w[name + "feed_forward.w2.weight"])
        return F.linear(rms_norm(x[-1:], w["norm.weight"], eps), w["output.weight"]).float()


def ids(n):
    return [100 + i * 7 % 5000 for i in range(n)]


def main():
    torch.set_num_threads(int(sys.argv[2]))
    model = Model(sys.argv[1])
    for line in sys.stdin:
        question, n, *steps = [word if word.isalpha() else int(word) for word in line.split()]
        if question == "prefill":
            model.cache = [None] * len(model.cache)
            todo = [ids(n)]
        else:
            model.truncate(n)
            if len(model) < n:
                model.next_logits(ids(n)[len(model) :])
            todo = [[7]] * steps[0]
        start = time.perf_counter()
        for new in todo:
            model.next_logits(new)
        print(json.dumps({"seconds": (time.perf_counter() - start) / len(todo)}), flush=True)


main()
