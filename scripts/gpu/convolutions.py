"""ResNet-50's convolutions, each pass by itself, channels last; m, n and k are those of the GEMM that a pass is."""

import torch

from gpu.gemms import allow_tf32

# channels in, side, channels out, kernel, stride
LAYERS = [(3, 224, 64, 7, 2), (64, 56, 64, 1, 1), (64, 56, 64, 3, 1), (64, 56, 256, 1, 1), (256, 56, 64, 1, 1),
          (128, 56, 128, 3, 2), (128, 28, 128, 3, 1), (128, 28, 512, 1, 1), (256, 56, 512, 1, 2), (512, 28, 128, 1, 1),
          (256, 14, 256, 3, 1), (1024, 14, 256, 1, 1), (256, 14, 1024, 1, 1), (512, 7, 512, 3, 1), (2048, 7, 512, 1, 1)]
BATCH = 64


def passes(gpu, layer, batch, kind):
    c, h, k, r, s = layer
    pad = (r - 1) // 2
    side = (h + 2 * pad - r) // s + 1
    last = torch.channels_last
    x = gpu.tensor(batch, c, h, h, dtype=kind).to(memory_format=last)
    w = gpu.tensor(k, c, r, r, dtype=kind, scale=0.05).to(memory_format=last)
    g = gpu.tensor(batch, k, side, side, dtype=kind).to(memory_format=last)
    pixels, inputs = batch * side * side, batch * h * h

    def backward(mask):
        return lambda: torch.ops.aten.convolution_backward(g, x, w, None, [s, s], [pad, pad], [1, 1], False, [0, 0], 1, mask)

    return [("fwd", (pixels, k, c * r * r), lambda: torch.nn.functional.conv2d(x, w, stride=s, padding=pad)),
            ("dgrad", (inputs, c, k * r * r // (s * s)), backward([True, False, False])),
            ("wgrad", (c * r * r, k, pixels), backward([False, True, False]))]


def measure(gpu, results):
    torch.backends.cudnn.benchmark = True
    kinds = {"tf32": torch.float32} if gpu.rehearse else {"fp16": torch.float16, "tf32": torch.float32}
    for name, kind in kinds.items():
        allow_tf32(name == "tf32")
        for layer in [(4, 8, 8, 3, 1)] if gpu.rehearse else LAYERS:
            batch = 2 if gpu.rehearse else BATCH
            c, h, k, r, s = layer
            for which, (m, n, depth), call in passes(gpu, layer, batch, kind):
                if which == "dgrad" and c == 3:
                    continue  # no step needs the pictures' gradient
                timing = gpu.time([call])
                results.add("conv", timing, batch=batch, m=m, n=n, k=depth, dtype=name,
                            note=f"pass={which} channels={c} side={h} out={k} kernel={r} stride={s} channels_last")
    gpu.empty()
