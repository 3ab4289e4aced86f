"""Compiles the crate the way the notebooks will: starts a kernel, runs their set-up cell.

    python warm_up.py BUILD_DIRECTORY
"""

import os
import sys
import time
from pathlib import Path

from jupyter_client.manager import start_new_kernel

NOTEBOOKS = Path(__file__).resolve().parent.parent
CELL = """\
:dep my_llama = { path = "my_llama" }
use my_llama::start::*;
let model = Checkpoint::open_default()?;
println!("ready");
"""


def main():
    start = time.monotonic()
    env = dict(os.environ, EVCXR_TMPDIR=sys.argv[1])
    manager, client = start_new_kernel(startup_timeout=300, kernel_name="rust", cwd=NOTEBOOKS, env=env)
    said = []

    def hear(message):
        content = message["content"]
        said.append(content.get("text") or "\n".join(content.get("traceback", [])))

    try:
        client.execute_interactive(CELL, output_hook=hear, timeout=3600)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if not "".join(said).rstrip().endswith("ready"):
        sys.exit("\n".join(said))
    print("set-up cell done after %.1f s" % (time.monotonic() - start))


if __name__ == "__main__":
    main()
