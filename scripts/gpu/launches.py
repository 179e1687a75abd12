"""What a launch costs: the host's time for an operation, the device's gap between kernels, how far the host may run ahead."""

import statistics
import time

import torch

from gpu.device import repeat
from gpu.kernel_list import kernels_of

OPERATIONS = 400  # fewer than the launch queue holds


def issue(gpu, call, count=OPERATIONS, rounds=9):
    """Host microseconds for one call, while the device does not hold it up."""
    times = []
    for _ in range(rounds):
        gpu.sync()
        began = time.perf_counter()
        for _ in range(count):
            call()
        times.append((time.perf_counter() - began) / count * 1e6)
    gpu.sync()
    return {"us": statistics.median(times), "spread_us": (sorted(times)[-2] - sorted(times)[1]) / 2}


def behind_sleep(gpu, call, count=OPERATIONS, rounds=9):
    """Device microseconds a call when the stream already holds all of them: duration and gap, no host."""
    times = []
    for _ in range(rounds):
        if not gpu.rehearse:
            torch.cuda._sleep(60_000_000)  # some 30 ms, in which the host issues all
        times.append(gpu.elapsed(lambda: repeat([call], count)) / count * 1e6)
    return {"us": statistics.median(times), "spread_us": (sorted(times)[-2] - sorted(times)[1]) / 2}


def queue_depth(gpu, call, most=6000):
    """How many launches the host gets rid of while the device is busy with something else."""
    gpu.sync()
    torch.cuda._sleep(2_000_000_000)  # about a second
    for issued in range(most):
        began = time.perf_counter()
        call()
        if time.perf_counter() - began > 0.05:
            gpu.sync()
            return issued
    gpu.sync()
    return most


def calls_of(gpu):
    """Operations of a framework, small enough that only the launch counts."""
    half = torch.float32 if gpu.rehearse else torch.float16
    x, a, b = gpu.tensor(1), gpu.tensor(64, 64, dtype=half), gpu.tensor(64, 64, dtype=half)
    picture = gpu.tensor(1, 64, 8, 8, dtype=half).to(memory_format=torch.channels_last)
    kernel = gpu.tensor(64, 64, 3, 3, dtype=half).to(memory_format=torch.channels_last)
    norm = torch.nn.BatchNorm2d(64).to(gpu.name, half).eval()
    linear = torch.nn.Linear(64, 64).to(gpu.name, half)
    needs = gpu.tensor(64, 64, dtype=half).requires_grad_()
    return {"add_ of one value": lambda: x.add_(1.0), "add": lambda: torch.add(a, b), "relu": lambda: torch.relu(a),
            "mm 64": lambda: torch.mm(a, b), "linear with gradient": lambda: linear(needs),
            "relu with gradient": lambda: torch.relu(needs), "conv2d 3x3": lambda: torch.conv2d(picture, kernel, padding=1),
            "batch_norm": lambda: norm(picture)}


def medium(gpu):
    """Kernels that take a few microseconds: does the gap stay?"""
    x = gpu.tensor(1 << (10 if gpu.rehearse else 20))
    return {"add_ of 4 MiB": lambda: x.add_(1.0)}


def measure(gpu, results):
    torch.backends.cudnn.benchmark = False
    calls = calls_of(gpu)
    for name, call in calls.items():
        if gpu.rehearse and name.startswith("conv"):
            continue
        call()
        results.add("launch", issue(gpu, call), note=f"host time of an operation: {name}", where="")
    for name, call in {**calls, **medium(gpu)}.items():
        results.add("launch", behind_sleep(gpu, call), note=f"device time of a queued operation: {name}", where="")
        try:
            replay = gpu.capture(lambda c=call: repeat([c], OPERATIONS))
            replay()
            times = sorted(gpu.elapsed(replay) / OPERATIONS * 1e6 for _ in range(9))
            results.add("launch", {"us": times[4], "spread_us": (times[-2] - times[1]) / 2}, where="",
                        note=f"device time of an operation in a CUDA graph: {name}")
        except RuntimeError as error:
            results.skip(f"graph of {name}", error)
            gpu.sync()
    if gpu.rehearse:
        return
    empty = gpu.capture(lambda: calls["add_ of one value"]())
    results.add("launch", issue(gpu, empty, count=100), note="host time of replaying a CUDA graph of one kernel", where="")
    results.add("launch", {"us": None}, note="launches that the queue holds", where="",
                kernels=queue_depth(gpu, calls["add_ of one value"]))
    kernels, _ = kernels_of(gpu, lambda: repeat([calls["add_ of one value"]], 50))
    results.add("launch", {"us": statistics.median(k[2] for k in kernels)}, note="duration of a kernel: add_ of one value", where="")
