#!/usr/bin/env python3
"""Fit the values of configs/accelerators/spyre.yaml that no document states, on half of the measured shapes.

Usage: scripts/fit_spyre.py [PROGRAM] [--measured FILE] [--only KEY]      (default: build/nibble, configs/measurements/spyre.csv)

Shapes fall into two halves by a hash of their sizes, so that all rows of one shape are in one half. Each value is tried
over its candidates with all others as shipped, against the rows that show it; the RMS error is printed for the half that
is fitted and for the half that is not. Then each group of rows (those of one m, of one n, of one number of cores) is left
out in turn: the candidate that is best on all others is held against it. Where that error is far above the shipped one, the
value rests on the group itself. Nothing is written: who changes a value says so in the YAML file.
"""

import argparse
import csv
import io
import math
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

# key path in the accelerator file, candidates, and the rows that the value shows in
VALUES = [
    ("core.mpe.pass_bubble_cycles", ["0", "4", "8", "12"], lambda row: row["op"] == "matmul" and row["cores"] == "1"),
    ("core.l1.output_side", ["128", "256", "512"], lambda row: row["op"] == "matmul"),
    ("core.l1.allocatable", ["0.2", "0.4", "0.5", "0.6", "0.775"], lambda row: row["op"] == "matmul"),
    ("ring.unicast_bandwidth", ["50 B/cycle", "60 B/cycle", "69 B/cycle", "80 B/cycle", "128 B/cycle"],
     lambda row: row["op"] == "reduction" and row["cores"] == "8"),
    ("core.sfu.reduction_lanes", ["4", "6", "8", "10", "16"], lambda row: row["op"] == "reduction" and row["cores"] == "1"),
    ("core.sfu.startup_cycles", ["400", "500", "600", "700"], lambda row: row["op"] == "softmax"),
    ("core.sfu.row_cycles", ["25", "50", "75"], lambda row: row["op"] == "reduction" and row["cores"] in ("1", "2")),
    ("dma.shared_gather_cycles", ["16", "18", "20", "22"], lambda row: row["op"] == "bmm"),
    ("core.sfu.l1_bandwidth", ["50 B/cycle", "60 B/cycle", "70 B/cycle"],
     lambda row: row["op"] in ("pointwise", "broadcast") and row["cores"] == "1"),
    ("memory.page", ["4 KiB", "8 KiB", "16 KiB"], lambda row: "bench_op=cat0" in row["note"]),
    ("memory.activation", ["1.7 ns", "2.0 ns", "2.3 ns"], lambda row: "bench_op=cat0" in row["note"]),
    ("memory.crossed_activation", ["0 ns", "0.5 ns", "0.8 ns", "1.1 ns"], lambda row: "bench_op=cat0" in row["note"]),
    ("memory.bank_conflict", ["5 ns", "10 ns", "15 ns"], lambda row: row["op"] == "reduction" and row["cores"] == "32"),
    ("memory.chained_clash", ["1.6", "1.8", "2.0"],
     lambda row: "dependent adds" in row["note"] or "_sep" in row["note"]),
    ("memory.displaced_clash", ["0.2", "0.3", "0.35", "0.4", "0.5"], lambda row: row["op"] == "broadcast" and row["cores"] == "32"),
    ("memory.turnaround_pieces", ["8", "10", "12"],
     lambda row: row["op"] in ("pointwise", "broadcast", "copy") and row["cores"] == "32" and row["m"] in ("64", "128", "256")),
    ("core.l1.vector_tile", ["8 KiB", "16 KiB", "32 KiB"], lambda row: row["op"] in ("pointwise", "broadcast")),
    ("memory.one_sided_batch", ["8192 B", "5462 B", "4096 B"],
     lambda row: row["op"] == "pointwise" and row["cores"] in ("2", "4", "8", "16")),
]


def variant(key, value):
    """The shipped card with one value replaced."""
    parts = key.split(".")
    lines = ["schema: nibble/accelerator/1", "extends: spyre", "name: spyre-fit"]
    for depth, part in enumerate(parts[:-1]):
        lines.append("  " * depth + part + ":")
    lines.append("  " * (len(parts) - 1) + f"{parts[-1]}: {{value: {value}, source: spyre-measured}}")
    return "\n".join(lines) + "\n"


def simulate(program, measured, accelerator):
    """All rows with their simulated times."""
    done = subprocess.run([program, "validate", "--only", "spyre", "--measured", measured, "--accelerator", accelerator,
                           "--format", "csv"], check=True, stdout=subprocess.PIPE, text=True)
    return list(csv.DictReader(io.StringIO(done.stdout, newline="")))


def those_that_show(measured, shows, path):
    """Writes the rows that a value shows in to `path`."""
    with open(measured, newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if shows(row)]
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames)
        writer.writeheader()
        writer.writerows(rows)


def rms(rows):
    """Root mean square of simulated / measured - 1, in percent."""
    errors = [float(row["ratio"]) - 1 for row in rows if row["ratio"]]
    return 100 * math.sqrt(sum(error * error for error in errors) / len(errors)) if errors else math.nan


def left_out(tried, group):
    """RMS error of rows that the candidate which is best on the rows of all other groups gives. `tried`: rows by candidate."""
    kept = []
    for left in sorted({row[group] for row in next(iter(tried.values()))}):
        best = min(tried, key=lambda candidate: rms([row for row in tried[candidate] if row[group] != left] or tried[candidate]))
        kept += [row for row in tried[best] if row[group] == left]
    return rms(kept)


def try_value(program, measured, key, candidates, shows):
    """Rows with their simulated times by candidate; prints both halves' errors of each as it goes."""
    tried = {}
    for candidate in candidates:
        with tempfile.TemporaryDirectory() as folder:
            accelerator, rows = f"{folder}/card.yaml", f"{folder}/rows.csv"
            pathlib.Path(accelerator).write_text(variant(key, candidate))
            those_that_show(measured, shows, rows)
            tried[candidate] = simulate(program, rows, accelerator)
        halves = [rms([row for row in tried[candidate] if row["half"] == half]) for half in ("fitted", "other")]
        print(f"{key:26} {candidate:>12} {halves[0]:12.1f} {halves[1]:11.1f}", flush=True)
    return tried


def main():
    """Tries every value's candidates and prints their errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", default=str(ROOT / "build" / "nibble"))
    parser.add_argument("--measured", default=str(ROOT / "configs" / "measurements" / "spyre.csv"))
    parser.add_argument("--only", default="", help="values whose key has this in it")
    options = parser.parse_args()
    print(f"{'value':26} {'tried':>12} {'fitted half':>12} {'other half':>11}   RMS error, %")
    for key, candidates, shows in VALUES:
        if options.only not in key:
            continue
        tried = try_value(options.program, options.measured, key, candidates, shows)
        groups = ", ".join(f"{group} {left_out(tried, group):.1f}" for group in ("m", "n", "cores"))
        best = min(rms(rows) for rows in tried.values())
        print(f"{key:26} each left out: {groups} (best on all {best:.1f})", flush=True)


if __name__ == "__main__":
    main()
