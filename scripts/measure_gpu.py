#!/usr/bin/env python3
"""Measures an NVIDIA GPU: kernels, launches and whole steps, their time and energy, as CSV.

Examples:
  scripts/measure_gpu.py --out measured                        # all parts: 200 s on an H100
  scripts/measure_gpu.py --out measured --parts gemm,launch
  scripts/measure_gpu.py --out measured --rehearse             # tiny sizes on the CPU: does it run?

Writes NAME.csv (columns: configs/measurements/README.md), NAME.json (device, driver, libraries, clocks, idle power),
NAME-kernels.csv (kernels of each step by class) and NAME-kernels.json.gz (each of them: name, start and duration in us) into the folder; after each part, so that an
interrupted run keeps what it has. Needs PyTorch with CUDA, torchvision and nvidia-ml-py. Clocks and power limits are read,
never set. What is measured how: scripts/gpu/README.md.
"""

import argparse
import pathlib
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from gpu import convolutions, device, gemms, launches, steps, table, vectors  # noqa: E402

PARTS = {"launch": launches.measure, "gemm": gemms.measure, "vector": vectors.measure, "step": steps.measure,
         "conv": convolutions.measure}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FOLDER", type=pathlib.Path)
    parser.add_argument("--name", default="gpu", help="of the files (default: gpu)")
    parser.add_argument("--parts", default=",".join(PARTS), help="which, in this order (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1e9, help="begin no measurement after so many seconds")
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes on the CPU, times that mean nothing")
    options = parser.parse_args(arguments)
    parts = options.parts.split(",")
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        parser.error(f"--parts: '{unknown[0]}' is none of {', '.join(PARTS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    gpu = device.Device(rehearse=options.rehearse, until=began + options.seconds)
    results = table.Results(options.out, options.name, gpu)
    failed = 0
    for part in parts:
        try:
            PARTS[part](gpu, results)
        except device.OutOfTime:
            print(f"{part}: out of time, cut short", file=sys.stderr)
            failed = 1
        except Exception:  # a part that fails keeps what it had, and the others run
            traceback.print_exc()
            failed = 1
        results.write()
        print(f"{part}: done {time.monotonic() - began:.0f} s after the start, {len(results.rows)} rows", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
