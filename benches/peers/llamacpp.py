"""llama.cpp on a GGUF file, answering the same questions as benches/measure.rs."""

import json
import sys
import time

import llama_cpp


def ids(n):
    return [100 + i * 7 % 5000 for i in range(n)]


def main():
    n_threads = int(sys.argv[2])
    model = llama_cpp.Llama(
        sys.argv[1], n_ctx=4096, n_batch=512, n_threads=n_threads, n_threads_batch=n_threads, verbose=False
    )
    for line in sys.stdin:
        question, n, *steps = [word if word.isalpha() else int(word) for word in line.split()]
        if question == "prefill":
            model.reset()
            model._ctx.kv_cache_clear()
            todo = [ids(n)]
        else:
            if model.n_tokens < n:
                model.eval(ids(n)[model.n_tokens :])
            model.n_tokens = n  # eval drops what lies behind it
            todo = [[7]] * steps[0]
        start = time.perf_counter()
        for new in todo:
            model.eval(new)
        print(json.dumps({"seconds": (time.perf_counter() - start) / len(todo)}), flush=True)


main()
