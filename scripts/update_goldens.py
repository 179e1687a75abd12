#!/usr/bin/env python3
"""Record the golden results anew: run the program and keep the figures that tests/golden compares.

Usage: scripts/update_goldens.py [PROGRAM]      (default: build/nibble)

Each file under tests/golden/data holds the command that makes it and the part of its JSON result that must not change
unnoticed. Look at the difference that git shows before committing it: it is what your change does to the results.
"""

import json
import pathlib
import subprocess
import sys

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


def main():
    """Write every golden file."""
    program = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build" / "nibble")
    DATA.mkdir(parents=True, exist_ok=True)
    for name, command in commands():
        text = json.dumps(record(program, command), indent=1) + "\n"
        path = DATA / f"{name}.json"
        changed = not path.exists() or path.read_text() != text
        path.write_text(text)
        print(f"{path.relative_to(ROOT)}: {'changed' if changed else 'as before'}")


if __name__ == "__main__":
    main()
