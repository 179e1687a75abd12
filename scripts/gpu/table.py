"""The rows and the files that they become."""

import csv
import gzip
import json
import os

from gpu.kernel_list import by_class

COLUMNS = ["source", "op", "batch", "m", "n", "k", "dtype", "cores", "split", "where_inputs", "measured_us", "note",
           "spread_us", "host_us", "kernels", "energy_mj", "power_w", "sm_mhz"]


KERNELS = ("matmul", "bmm", "pointwise", "copy", "softmax", "reduction", "norm", "conv")  # whose shares Nibble's mapper chooses


def rounded(value):
    """Five significant digits: more than any timer here gives."""
    return "" if value is None else f"{value:.5g}" if abs(value) < 1e5 else f"{value:.0f}"


class Results:
    """All rows of a run, and the kernels of each step."""

    def __init__(self, folder, name, gpu):
        self.folder, self.name, self.gpu = folder, name, gpu
        self.rows, self.kernels, self.skipped = [], {}, []

    def add(self, op, timing, *, batch="", m="", n="", k="", dtype="", where="HBM", note="", kernels=None):
        """One row; `timing` is what Device.time, Device.run and the like return."""
        self.rows.append({"source": self.gpu.source, "op": op, "batch": batch, "m": m, "n": n, "k": k, "dtype": dtype, "cores": "",
                          "split": "mapper" if op in KERNELS else "", "where_inputs": where, "measured_us": rounded(timing.get("us")), "note": note,
                          "spread_us": rounded(timing.get("spread_us")), "host_us": rounded(timing.get("host_us")),
                          "kernels": "" if kernels is None else kernels, "energy_mj": rounded(timing.get("energy_mj")),
                          "power_w": rounded(timing.get("power_w")), "sm_mhz": rounded(timing.get("sm_mhz"))})

    def skip(self, what, why):
        """Says what could not be measured, and goes on."""
        self.skipped.append({"what": what, "why": str(why)[:300]})
        print(f"skipped {what}: {str(why)[:200]}", flush=True)

    def write(self):
        """Each file whole or not at all."""
        self.replace(f"{self.name}.json", json.dumps({**self.gpu.description, "skipped": self.skipped}, indent=1).encode() + b"\n")
        packed = gzip.compress(json.dumps(self.kernels).encode(), mtime=0)
        self.replace(f"{self.name}-kernels.json.gz", packed)
        self.write_csv(f"{self.name}.csv", COLUMNS, self.rows)
        self.write_csv(f"{self.name}-kernels.csv", ["step", "class", "kernels", "us"],
                       [{"step": step, "class": what, "kernels": count, "us": f"{busy:.1f}"}
                        for step, kernels in self.kernels.items() for what, (count, busy) in by_class(kernels).items()])

    def write_csv(self, name, columns, rows):
        path = self.folder / (name + ".part")
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(path, self.folder / name)

    def replace(self, name, data):
        part = self.folder / (name + ".part")
        part.write_bytes(data)
        os.replace(part, self.folder / name)
