"""llama.cpp on a GGUF file: llamacpp.py FILE THREADS [as-stored]

Where it can, llama.cpp copies the weights at the start into an order of its own, for instructions that
multiply small matrices of bytes (AMX) or for several rows at once. `as-stored`: it reads them in the file.
"""

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


def keep_weights_as_stored():
    defaults = llama_cpp.llama_cpp.llama_model_default_params

    def as_stored():
        params = defaults()
        params.use_extra_bufts = False
        return params

    llama_cpp.llama_cpp.llama_model_default_params = as_stored


if sys.argv[3:] == ["as-stored"]:
    keep_weights_as_stored()
answer(Model(sys.argv[1], int(sys.argv[2])))
