#!/usr/bin/env python3
"""Record the golden results anew: run the program and keep the figures that tests/golden compares.

Each file under tests/golden/data holds the command that makes it and the part of its JSON result that must not change
unnoticed. Every figure that changes is printed, old and new: say in the commit why it did.
"""

import argparse
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "golden" / "data"

TRAINING_RUNS = "fp32@rapid-fp32,fp16@rapid,hfp8@rapid,fp4@rapid-fp4"
INFERENCE_RUNS = "fp16@rapid,hfp8@rapid,int4@rapid,int2@rapid"
TRAINING_BATCH = {"resnet18": 8, "resnet50": 8, "vgg16": 4, "mobilenetv2": 8, "bert-base": 4}

KEPT = ("recipe", "accelerator", "cycles", "macs", "utilisation", "array_cycles", "bytes", "energy_j", "coverage")


def commands():
    """Name of each golden file, and the command behind it."""
    for network, batch in TRAINING_BATCH.items():
        yield f"{network}-training", ["compare", "--network", network, "--batch", str(batch), "--runs", TRAINING_RUNS]
    yield "resnet50-inference", ["compare", "--network", "resnet50", "--batch", "1", "--mode", "inference",
                                 "--runs", INFERENCE_RUNS]


def kept_part(run):
    """The figures of one run that are held."""
    part = {key: run[key] for key in KEPT}
    part["coverage"] = {"operations": run["coverage"]["operations"]}
    return part


def record(program, command):
    """What the golden file of one command says."""
    done = subprocess.run([program, *command, "--format", "json"], check=True, stdout=subprocess.PIPE)
    runs = json.loads(done.stdout)["runs"]
    return {"command": command, "result": {"runs": [kept_part(run) for run in runs]}}


def leaves(value, path=""):
    """Every figure of a golden file by its path; a run is called by what it is of, not by its place."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from leaves(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for run in value:
            yield from leaves(run, f"{run['recipe']}@{run['accelerator']}")
    else:
        yield path, value


def differences(old, new):
    """One line for each figure that appeared, went or changed, with the change in percent."""
    before, after = dict(leaves(old)), dict(leaves(new))
    for path in [*before, *(path for path in after if path not in before)]:
        was, now = before.get(path, "(absent)"), after.get(path, "(absent)")
        if was == now:
            continue
        numbers = isinstance(was, (int, float)) and isinstance(now, (int, float)) and was != 0
        yield f"  {path}: {was} -> {now}" + (f"  ({100 * (now / was - 1):+.3g} %)" if numbers else "")


def main():
    """Write every golden file, and print what is different."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default=ROOT / "build" / "nibble", type=pathlib.Path)
    program = parser.parse_args().program
    if not program.is_file():
        parser.error(f"there is no program {program}: build it first")
    DATA.mkdir(parents=True, exist_ok=True)
    for name, command in commands():
        new = record(program, command)
        path = DATA / f"{name}.json"
        old = json.loads(path.read_text()) if path.exists() else {}
        changes = list(differences(old, new))
        print(f"{path.relative_to(ROOT)}: {f'figures that changed: {len(changes)}' if changes else 'as before'}")
        print("\n".join(changes), end="\n" if changes else "")
        path.write_text(json.dumps(new, indent=1) + "\n")


if __name__ == "__main__":
    main()
