"""The kernels that a call launches, as CUPTI sees them through PyTorch's profiler."""

import json
import os
import re
import tempfile

import torch


# In this order: the first that a kernel's name matches (case aside)
CLASSES = [("product", "gemm|xmma|cutlass|conv|nvjet|wgrad|winograd"), ("batch norm", "bn_|batch_?norm"),
           ("layer norm", "layer_?norm|gammabeta"), ("softmax", "softmax"), ("dropout", "dropout"), ("update", "multi_tensor|foreach"),
           ("reduction", "reduce"), ("element-wise", "elementwise|vectorized"), ("pool", "pool"), ("layout", "nchw|nhwc|transpose"),
           ("copy or fill", "memcpy|memset|fill|copy|cat")]


def class_of(name):
    """What a kernel does, by its name."""
    return next((what for what, pattern in CLASSES if re.search(pattern, name, re.IGNORECASE)), "other")


def kernels_of(gpu, call):
    """[name, start us, duration us] of each kernel, copy and fill, in order; and the host's launches."""
    if gpu.rehearse:
        call()
        return [], 0
    kinds = torch.profiler.ProfilerActivity
    call()
    gpu.sync()
    with torch.profiler.profile(activities=[kinds.CPU, kinds.CUDA]) as profile:
        call()
        gpu.sync()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.json")
        profile.export_chrome_trace(path)
        with open(path) as file:
            events = json.load(file)["traceEvents"]
    on_device = [e for e in events if e.get("cat") in ("kernel", "gpu_memcpy", "gpu_memset")]
    on_device.sort(key=lambda e: float(e["ts"]))
    first = float(on_device[0]["ts"]) if on_device else 0.0
    kernels = [[e["name"][:120], round(float(e["ts"]) - first, 2), round(float(e["dur"]), 2)] for e in on_device]
    launches = sum(1 for e in events if e.get("cat") == "cuda_runtime" and "Launch" in e.get("name", "")
                   or e.get("cat") == "cuda_driver" and "Launch" in e.get("name", ""))
    return kernels, launches


def by_class(kernels):
    """Kernels and microseconds of each class, in the order of CLASSES."""
    totals = {}
    for name, _, duration in kernels:
        count, busy = totals.get(class_of(name), (0, 0.0))
        totals[class_of(name)] = (count + 1, busy + duration)
    order = [what for what, _ in CLASSES] + ["other"]
    return {what: totals[what] for what in order if what in totals}


def summary(kernels):
    """How many, how long they take together, and how long the device waits between them."""
    busy = sum(k[2] for k in kernels)
    span = max((k[1] + k[2] for k in kernels), default=0)
    return {"kernels": len(kernels), "busy_us": round(busy, 1), "span_us": round(span, 1)}
