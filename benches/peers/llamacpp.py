"""llama.cpp on a GGUF file: llamacpp.py FILE THREADS"""

import sys

import llama_cpp
from answers import answer


class Model:
    def __init__(self, path, n_threads):
        threads = {"n_threads": n_threads, "n_threads_batch": n_threads}
        self.llama = llama_cpp.Llama(path, n_ctx=4096, n_batch=512, verbose=False, **threads)

    def __len__(self):
        return self.llama.n_tokens

    def truncate(self, n):
        self.llama.n_tokens = n  # eval drops what lies behind it

    def read(self, ids):
        self.llama.eval(ids)


answer(Model(sys.argv[1], int(sys.argv[2])))
