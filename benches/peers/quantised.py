"""Files of every kind that GGUF stores, quantised by llama.cpp itself:

    quantised.py DIR KIND …                random bf16 numbers in Llama 3 8B's shapes
    quantised.py DIR --from FILE KIND …    the weights of a model, widened to F32.gguf first

Of the 8B there are four layers and a vocabulary of 32,000; how long a multiplication takes does not
depend on what the numbers say. What is there is not made again.
"""

import ctypes
import sys
from pathlib import Path

import gguf
import llama_cpp
import numpy as np

DIM, HIDDEN, KV, LAYERS, VOCAB = 4096, 14336, 1024, 4, 32_000
BLOCK = {"attn_q": (DIM, DIM), "attn_k": (KV, DIM), "attn_v": (KV, DIM), "attn_output": (DIM, DIM)}
BLOCK |= {"ffn_gate": (HIDDEN, DIM), "ffn_up": (HIDDEN, DIM), "ffn_down": (DIM, HIDDEN)}


def shapes():
    yield "token_embd.weight", (VOCAB, DIM)
    for layer in range(LAYERS):
        for name, shape in BLOCK.items():
            yield f"blk.{layer}.{name}.weight", shape
    yield "output.weight", (VOCAB, DIM)


def norms():
    yield "output_norm.weight"
    for layer in range(LAYERS):
        yield f"blk.{layer}.attn_norm.weight"
        yield f"blk.{layer}.ffn_norm.weight"


def write_source(path):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(8192)
    writer.add_embedding_length(DIM)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(DIM // 128)
    writer.add_head_count_kv(KV // 128)
    writer.add_rope_dimension_count(128)
    writer.add_rope_freq_base(500_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCAB)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list([f"t{i}" for i in range(VOCAB)])
    writer.add_token_types([1] * VOCAB)
    writer.add_token_merges(["t 0"])
    random = np.random.default_rng(42)
    for name, shape in shapes():
        numbers = random.standard_normal(shape, dtype=np.float32) * np.float32(shape[1] ** -0.5)
        upper = (numbers.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
        writer.add_tensor(name, upper, raw_dtype=gguf.GGMLQuantizationType.BF16)
    for name in norms():
        writer.add_tensor(name, np.ones(DIM, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantise(source, path, kind):
    if path.exists():
        return
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_{kind}")
    params.allow_requantize = True  # only to widen
    part = path.with_suffix(".part")
    if llama_cpp.llama_model_quantize(bytes(source), bytes(part), ctypes.byref(params)):
        sys.exit(f"llama.cpp cannot turn {source} into {kind}")
    part.rename(path)


def main():
    directory, *kinds = sys.argv[1:]
    directory = Path(directory)
    if kinds[:1] == ["--from"]:
        source = directory / "F32.gguf"
        quantise(Path(kinds[1]), source, "ALL_F32")
        kinds = kinds[2:]
    else:
        source = directory / "BF16.gguf"
        if not source.exists():
            part = source.with_suffix(".part")
            write_source(part)
            part.rename(source)
    for kind in kinds:
        quantise(source, directory / f"{kind}.gguf", f"MOSTLY_{kind}")


main()
