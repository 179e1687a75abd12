"""Kernels without a matrix product: copies, element-wise functions, row sums, softmax and normalisations."""

import torch
from torch.nn import functional

from gpu.device import size

BYTES = [1 << n for n in (10, 14, 17, 20, 22, 23, 24, 25, 26, 28, 30)]  # of one tensor
ROWS = [(512, 512), (8192, 1024), (131072, 128), (131072, 512), (32768, 4096)]  # softmax, layer norm, row sums
PICTURES = [(64, 64, 112), (64, 256, 56), (64, 64, 56), (64, 512, 28), (64, 1024, 14), (64, 2048, 7)]  # batch norm: n, c, h

FUNCTIONS = {"copy": lambda x, y, z: z.copy_(x), "neg": lambda x, y, z: torch.neg(x, out=z),
             "add": lambda x, y, z: torch.add(x, y, out=z), "relu": lambda x, y, z: torch.clamp_min(x, 0, out=z),
             "gelu": lambda x, y, z: functional.gelu(x)}


def pointwise(gpu, results, length, name, kind, label):
    elements = length // torch.empty(0, dtype=kind).element_size()
    columns = min(1024, elements)
    sets = gpu.sets(3 * length)
    operands = [[gpu.tensor(elements // columns, columns, dtype=kind) for _ in range(3)] for _ in range(sets)]
    function = FUNCTIONS[name]
    timing = gpu.time([lambda o=o: function(*o) for o in operands])
    moved = length * (3 if name == "add" else 2)
    results.add("copy" if name == "copy" else "pointwise", timing, m=elements // columns, n=columns, dtype=label,
                where="L2" if sets * moved < 2 * gpu.l2_bytes else "HBM", note=f"bench_op={name}")


def row_kernels(x):
    """Functions of a matrix's rows: name, kind of row in the table, call."""
    columns = x.shape[1]
    weight, bias = (torch.ones(columns, device=x.device, dtype=x.dtype) for _ in range(2))
    out, mean, rstd = torch.ops.aten.native_layer_norm(x, [columns], weight, bias, 1e-5)
    soft = torch.softmax(x, -1)
    return [("softmax", "softmax", lambda: torch.softmax(x, -1)),
            ("softmax_backward", "norm", lambda: torch.ops.aten._softmax_backward_data(x, soft, -1, x.dtype)),
            ("sum", "reduction", lambda: torch.sum(x, -1)),
            ("layer_norm", "norm", lambda: torch.ops.aten.native_layer_norm(x, [columns], weight, bias, 1e-5)),
            ("layer_norm_backward", "norm", lambda: torch.ops.aten.native_layer_norm_backward(
                x, out, [columns], mean, rstd, weight, bias, [True, True, True]))]


def batch_norms(x):
    channels = x.shape[1]
    weight, bias, mean, var = (torch.ones(channels, device=x.device) for _ in range(4))
    forward = lambda: torch.ops.aten.native_batch_norm(x, weight, bias, mean, var, True, 0.1, 1e-5)  # noqa: E731
    _, saved_mean, saved_invstd = forward()
    return [("batch_norm", forward),
            ("batch_norm_backward", lambda: torch.ops.aten.native_batch_norm_backward(
                x, x, weight, mean, var, saved_mean, saved_invstd, True, 1e-5, [True, True, True]))]


def measure(gpu, results):
    kinds = {"fp32": torch.float32} if gpu.rehearse else {"fp16": torch.float16, "fp32": torch.float32}
    for label, kind in kinds.items():
        for name in FUNCTIONS:
            for length in [1024] if gpu.rehearse else BYTES:
                pointwise(gpu, results, length, name, kind, label)
        for m, n in [(8, 16)] if gpu.rehearse else ROWS:
            x = gpu.tensor(m, n, dtype=kind)
            for name, op, call in row_kernels(x):
                results.add(op, gpu.time([call]), m=m, n=n, dtype=label, note=f"bench_op={name}",
                            where="L2" if size(x) < gpu.l2_bytes else "HBM")
        for count, channels, side in [(2, 8, 4)] if gpu.rehearse else PICTURES:
            x = gpu.tensor(count, channels, side, side, dtype=kind).to(memory_format=torch.channels_last)
            for name, call in batch_norms(x):
                results.add("norm", gpu.time([call]), batch=count, m=count * side * side, n=channels, dtype=label,
                            note=f"bench_op={name} channels_last", where="L2" if size(x) < gpu.l2_bytes else "HBM")
        gpu.empty()
