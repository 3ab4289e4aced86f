"""PyTorch in bf16 on a checkpoint of Meta's names: pytorch.py DIR THREADS

The weights are views of the mapped file, so it needs no second copy of them.
"""

import json
import mmap
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from answers import answer


def tensors(path):
    """Every tensor of a safetensors file, as a view of it."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(data, dtype=torch.bfloat16, count=(end - begin) // 2, offset=start + begin)
        yield name, flat.view(entry["shape"])


class Model:
    def __init__(self, directory):
        self.params = p = json.loads((directory / "params.json").read_text())
        self.w = dict(tensors(directory / "consolidated.safetensors"))
        head_dim = p["dim"] // p["n_heads"]
        self.freqs = 1.0 / p["rope_theta"] ** (torch.arange(0, head_dim, 2) / head_dim)
        self.cache = [None] * p["n_layers"]

    def __len__(self):
        return self.cache[0][0].shape[1] if self.cache[0] else 0

    def truncate(self, n):
        self.cache = [(kv[0][:, :n], kv[1][:, :n]) if kv and n else None for kv in self.cache]

    def linear(self, name, x):
        return F.linear(x, self.w[name + ".weight"])

    def norm(self, name, x):
        y = x.float()
        y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + self.params["norm_eps"])
        return y.to(x.dtype) * self.w[name + ".weight"]

    def rotate(self, x, start):
        angles = torch.outer(torch.arange(start, start + x.shape[1]).float(), self.freqs)
        turn = torch.polar(torch.ones_like(angles), angles)
        pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * turn).flatten(2).to(x.dtype)

    def attention(self, layer, x):
        name, old = f"layers.{layer}.attention.", self.cache[layer]
        heads = lambda part, n: self.linear(name + part, x).view(len(x), self.params[n], -1).transpose(0, 1)
        start = old[0].shape[1] if old else 0
        q, k = self.rotate(heads("wq", "n_heads"), start), self.rotate(heads("wk", "n_kv_heads"), start)
        v = heads("wv", "n_kv_heads")
        if old:
            k, v = torch.cat([old[0], k], 1), torch.cat([old[1], v], 1)
        self.cache[layer] = (k, v)
        found = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=len(x) > 1, enable_gqa=True)
        return self.linear(name + "wo", found[0].transpose(0, 1).flatten(1))

    def feed_forward(self, layer, x):
        w1, w2, w3 = (f"layers.{layer}.feed_forward.w{i}" for i in (1, 2, 3))
        return self.linear(w2, F.silu(self.linear(w1, x)) * self.linear(w3, x))

    @torch.inference_mode()
    def read(self, ids):
        x = self.w["tok_embeddings.weight"][ids]
        for layer in range(self.params["n_layers"]):
            x = x + self.attention(layer, self.norm(f"layers.{layer}.attention_norm", x))
            x = x + self.feed_forward(layer, self.norm(f"layers.{layer}.ffn_norm", x))
        return self.linear("output", self.norm("norm", x[-1:])).float()


torch.set_num_threads(int(sys.argv[2]))
answer(Model(Path(sys.argv[1])))
