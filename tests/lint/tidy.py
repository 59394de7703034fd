#!/usr/bin/env python3
"""clang-tidy on the files named, several at a time.

    tidy.py BUILD JOBS CHECKS FILE…

BUILD is the directory with compile_commands.json, CHECKS what is added to the checks of .clang-tidy (it may be empty). What
was clean is remembered in BUILD/clean under everything that the outcome depends on: the program's version, the checks and the
preprocessed text. So a file is looked at again when it, a header of it or the configuration changed, and only then. Exits 1
when a file has findings, which are printed.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

PROGRAM = "clang-tidy-19"


def preprocess(entry):
    """The text that the compiler sees, comments included: NOLINT stands in them."""
    words = [word for word in shlex.split(entry["command"]) if word not in ("-c", "-MD")]
    kept = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in ("-o", "-MT", "-MF"):
            skip = True
        else:
            kept.append(word)
    return subprocess.run(kept + ["-E", "-C"], cwd=entry["directory"], stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout


def examine(build, checks, version, entry):
    """Nothing when the file is clean, else what clang-tidy printed."""
    source = os.path.join(entry["directory"], entry["file"])
    try:
        text = preprocess(entry)
    except subprocess.CalledProcessError as error:
        return error.stderr.decode(errors="replace")
    key = hashlib.sha256()
    for part in (version, pathlib.Path(".clang-tidy").read_bytes(), checks.encode(), text):
        key.update(len(part).to_bytes(8, "big") + part)
    mark = build / "clean" / key.hexdigest()
    if mark.exists():
        return None
    outcome = subprocess.run([PROGRAM, "-p", str(build), "--quiet", f"--checks={checks}", "--warnings-as-errors=*", source],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if outcome.returncode == 0:
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
        return None
    return outcome.stdout.decode(errors="replace") or outcome.stderr.decode(errors="replace")


def main():
    build, jobs, checks = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    wanted = {os.path.abspath(name) for name in sys.argv[4:]}
    commands = json.loads((build / "compile_commands.json").read_text())
    entries = [entry for entry in commands if os.path.join(entry["directory"], entry["file"]) in wanted]
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, check=True).stdout
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for findings in pool.map(lambda entry: examine(build, checks, version, entry), entries):
            if findings is not None:
                bad += 1
                print(findings, end="", flush=True)
    print(f"tidy: {len(entries) - bad} of {len(entries)} files are clean")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
