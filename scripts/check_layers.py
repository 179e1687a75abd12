#!/usr/bin/env python3
"""Fails when an include goes against the house's one direction of dependencies.

    models/base <- models/formats <- models/config <- models/{timing, energy, carbon, gemm}
                <- workloads/trace <- workloads/{importers, lowering}
                <- sim/mapper <- sim/core <- sim/chip <- sim/{system, validation} <- sim/report <- sim/sweep <- sim/published <- sim/app

A folder may include itself and what stands left of it (ALLOWED below says exactly which); only SYSTEMC folders may
include SystemC. A folder that is missing from the table is an error, so that a new room states what it rests on.

usage: scripts/check_layers.py [REPOSITORY]
"""

import pathlib
import re
import sys

# folder -> the folders that it includes directly; what those may include, it may too.
RESTS_ON = {
    "models/base": [],
    "models/formats": ["models/base"],
    "models/config": ["models/formats"],
    "models/gemm": ["models/config"],
    "models/timing": ["models/config"],
    "models/energy": ["models/timing"],
    "models/carbon": ["models/config"],
    "workloads/trace": ["models/config"],
    "workloads/importers": ["workloads/trace"],
    "workloads/lowering": ["workloads/trace", "models/timing"],
    "workloads/training": ["workloads/lowering", "models/gemm"],
    "sim/mapper": ["workloads/lowering"],
    "sim/core": ["sim/mapper", "models/energy"],
    "sim/chip": ["sim/core"],
    "sim/detailed": ["sim/core", "models/gemm"],
    "sim/system": ["sim/chip", "workloads/importers", "models/energy", "models/carbon"],
    "sim/sweep": ["sim/report"],
    "sim/published": ["sim/sweep"],
    "sim/validation": ["sim/chip"],
    "sim/report": ["sim/system", "sim/validation"],
    "sim/app": ["sim/report", "sim/sweep", "sim/published", "sim/detailed", "workloads/importers", "workloads/training"],
}
SYSTEMC = ("sim/core", "sim/chip", "sim/system", "sim/validation", "sim/detailed")
SYSTEMC_HEADERS = re.compile(r"systemc(\.h)?\Z|tlm(\.h)?\Z|tlm_utils/|sysc/")
INCLUDE = re.compile(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
TOPS = ("models", "workloads", "sim")


def folder_of(path):
    """'sim/app/main/main.cpp' -> 'sim/app'."""
    return "/".join(path.split("/")[:2])


def allowed(folder, table=None):
    """All folders that `folder` may include."""
    table = RESTS_ON if table is None else table
    found, waiting = set(), [folder]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(table.get(current, []))
    return found


def problems_of(path, text):
    """What is wrong with the includes of one file; `path` from the repository's root."""
    folder = folder_of(path)
    if folder not in RESTS_ON:
        return [f"{path}:1: {folder} is not in the table of scripts/check_layers.py"]
    may_include = allowed(folder)
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match[1] or match[2]
        if SYSTEMC_HEADERS.match(target) and folder not in SYSTEMC:
            problems.append(f"{path}:{number}: {folder} includes SystemC ({target}); only {', '.join(SYSTEMC)} may")
        elif target.startswith("tests/"):
            problems.append(f"{path}:{number}: includes a test ({target})")
        elif target.split("/")[0] in TOPS and folder_of(target) not in may_include:
            problems.append(f"{path}:{number}: {folder} may not include {target}; it rests on "
                            f"{', '.join(sorted(may_include - {folder})) or 'nothing'}")
        elif match[1] and target.split("/")[0] not in TOPS:
            problems.append(f'{path}:{number}: include "{target}" from the repository\'s root')
    return problems


def main(arguments):
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).resolve().parent.parent)
    files = sorted(path for top in TOPS for suffix in ("*.hpp", "*.cpp") for path in (root / top).rglob(suffix))
    if not files:
        print(f"check_layers.py: {root} has no sources", file=sys.stderr)
        return 1
    problems = [problem for path in files
                for problem in problems_of(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(files)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
