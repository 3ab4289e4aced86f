"""The questions that benches/measure.rs answers, too: `prefill N`, and `decode N STEPS` after N tokens."""

import json
import sys
import time


def ids(n):
    return [100 + i * 7 % 5000 for i in range(n)]


def answer(model):
    """A model has a length, the tokens that it has read; it can be truncated, and read more."""
    for line in sys.stdin:
        question, n, *steps = [word if word.isalpha() else int(word) for word in line.split()]
        if question == "prefill":
            model.truncate(0)
            todo = [ids(n)]
        else:
            model.truncate(min(n, len(model)))
            if len(model) < n:
                model.read(ids(n)[len(model) :])
            todo = [[7]] * steps[0]
        start = time.perf_counter()
        for new in todo:
            model.read(new)
        print(json.dumps({"seconds": (time.perf_counter() - start) / len(todo)}), flush=True)
