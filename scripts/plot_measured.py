#!/usr/bin/python3
"""Draw simulated against measured kernel times, one colour a kind, as SVG.

Usage: nibble validate --only spyre --format csv | scripts/plot_measured.py OUT.svg
"""

import csv
import io
import sys

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "nibble"  # the same rows give the same file
from matplotlib import pyplot  # noqa: E402  (the backend comes first)


def main():
    """Reads CSV from stdin, writes the picture."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rows = [row for row in csv.DictReader(io.StringIO(sys.stdin.read(), newline="")) if row["ratio"]]
    figure, axes = pyplot.subplots(figsize=(7, 6))
    for kind in sorted({row["op"] for row in rows}):
        points = [(float(row["measured_us"]), float(row["simulated_us"])) for row in rows if row["op"] == kind]
        axes.scatter(*zip(*points), s=9, alpha=0.6, label=f"{kind} ({len(points)})", linewidths=0)
    ends = [min(float(row["measured_us"]) for row in rows) / 1.5, max(float(row["measured_us"]) for row in rows) * 1.5]
    axes.plot(ends, ends, color="black", linewidth=0.8)
    for factor in (0.8, 1.25):
        axes.plot(ends, [end * factor for end in ends], color="grey", linewidth=0.5, linestyle="--")
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel="measured on the card, us", ylabel="simulated, us",
             title="Kernels of IBM's Spyre card (dashed: 25 % off)")
    axes.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(sys.argv[1], format="svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
