"""Products of matrices in every format that the tensor cores know: C[m,n] = A[m,k] * B[n,k]^T, as a linear layer has them."""

import torch

from gpu.device import repeat

SQUARE = [(n, n, n) for n in (256, 512, 1024, 2048, 4096, 8192)]
WAVES = [(4096, n, 4096) for n in (2816, 3072, 3328, 3584, 3840, 4352)]  # other numbers of tiles on the same SMs
SKINNY = [(16, 4096, 4096), (64, 4096, 4096), (256, 4096, 4096), (8192, 64, 4096), (8192, 1024, 64), (16384, 16384, 64)]
DEEP = [(256, 256, 65536), (1024, 1024, 32768), (512, 4608, 6272)]
BERT = [(8192, 3072, 1024), (8192, 1024, 1024), (8192, 4096, 1024), (8192, 1024, 4096), (8192, 30528, 1024),
        (1024, 4096, 8192)]
CONVOLUTIONS = [(401408, 64, 64), (401408, 256, 64), (401408, 64, 576), (100352, 128, 1152), (25088, 256, 2304),
                (25088, 1024, 256), (6272, 512, 4608), (6272, 2048, 512)]
SHAPES = SQUARE + WAVES + SKINNY + DEEP + BERT + CONVOLUTIONS
BATCHED = [(1024, 128, 128, 64), (1024, 128, 64, 128), (256, 512, 512, 64), (256, 512, 64, 512)]
POWER = [(8192, 8192, 8192), (1024, 1024, 1024), (401408, 256, 64)]  # shapes that run long enough to count joules

FORMATS = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16, "fp8": None}


def allow_tf32(allowed):
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


def product(gpu, shape, name):
    """A call that multiplies."""
    m, n, k = shape
    if name == "fp8":
        fp8 = torch.float8_e4m3fn
        a, b = gpu.tensor(m, k).to(fp8), gpu.tensor(n, k).to(fp8)
        one = torch.ones((), device=gpu.name)
        return lambda: torch._scaled_mm(a, b.t(), scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=True)
    a, b = gpu.tensor(m, k, dtype=FORMATS[name]), gpu.tensor(n, k, dtype=FORMATS[name])
    c = torch.empty(m, n, device=gpu.name, dtype=FORMATS[name])
    return lambda: torch.mm(a, b.t(), out=c)


def one(gpu, results, shape, name):
    m, n, k = shape
    width = {"fp32": 4, "tf32": 4, "fp8": 1}.get(name, 2)
    sets = min(4, gpu.sets(width * (m * k + n * k + m * n)))  # L2 holds what a smaller one had, too: rows say so
    calls = [product(gpu, shape, name) for _ in range(sets)]
    timing = gpu.time(calls)
    if shape in POWER:
        timing |= {key: value for key, value in gpu.run(gpu.capture(lambda: repeat(calls, 8)), 1.2).items()
                   if key in ("power_w", "sm_mhz", "energy_mj")}
        if timing.get("energy_mj"):
            timing["energy_mj"] /= 8
    cached = sets * width * (m * k + n * k + m * n) < 2 * gpu.l2_bytes
    results.add("matmul", timing, batch=1, m=m, n=n, k=k, dtype=name, where="L2" if cached else "HBM", note="B transposed")


def batched(gpu, results, shape, name):
    count, m, n, k = shape
    kind = FORMATS[name]
    operands = [(gpu.tensor(count, m, k, dtype=kind), gpu.tensor(count, k, n, dtype=kind)) for _ in range(2)]
    timing = gpu.time([lambda a=a, b=b: torch.bmm(a, b) for a, b in operands])
    results.add("bmm", timing, batch=count, m=m, n=n, k=k, dtype=name)


def measure(gpu, results):
    rehearsed = [(64, 64, 64), (32, 64, 128)]
    for name in FORMATS:
        if gpu.rehearse and name in ("fp16", "fp8"):
            continue  # this CPU's PyTorch does not multiply them
        allow_tf32(name == "tf32")
        for shape in rehearsed if gpu.rehearse else SHAPES:
            try:
                one(gpu, results, shape, name)
            except (RuntimeError, ValueError) as error:
                results.skip(f"matmul {shape} {name}", error)
        gpu.empty()
    for name in ("fp32", "tf32", "bf16") if gpu.rehearse else ("tf32", "fp16"):
        allow_tf32(name == "tf32")
        for shape in [(2, 16, 16, 8)] if gpu.rehearse else BATCHED:
            batched(gpu, results, shape, name)
    gpu.empty()
