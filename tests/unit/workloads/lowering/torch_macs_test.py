#!/usr/bin/env python3
"""Proves the multiply-accumulates of whole training steps against PyTorch: a dispatch mode sees every product that
autograd really runs, forward and backward, and counts it from the shapes of its tensors. Nothing of capture or lowering is used
but the modules.

usage: torch_macs_test.py NIBBLE

Needs PyTorch; without it, exits with 77, which ctest shows as skipped.
"""

import json
import os
import pathlib
import subprocess
import sys
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[4]
SKIPPED, BATCH = 77, 2
MODELS = {  # trace -> where its module comes from, and a sample's shape if the module does not make its inputs
    "resnet18": ("torchvision:resnet18", (3, 224, 224)), "mobilenetv2": ("torchvision:mobilenet_v2", (3, 224, 224)),
    "ssd300": ("capture:ssd300", (3, 300, 300)), "yolov3": ("capture:yolov3", (3, 416, 416)),
    "yolov3-tiny": ("capture:yolov3_tiny", (3, 416, 416)), "lstm-ptb": ("capture:lstm_ptb", None),
    "bilstm-swb300": ("capture:bilstm_swb300", None),
}


def count(model, inputs):
    """Multiply-accumulates of a forward pass, and of the backward pass of the sum of its results."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    aten = torch.ops.aten

    class Counter(TorchDispatchMode):
        macs = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            name = func.overloadpacket
            if name is aten.convolution_backward:  # torch has no shape rule for it
                gradient, image, weight, bias, *_, wanted = args
                self.macs += sum(wanted[:2]) * gradient.numel() * weight[0].numel()
                shapes = (image.shape, weight.shape, bias)
                return tuple(gradient.new_empty(shape) if want else None for shape, want in zip(shapes, wanted))
            result = func(*args, **(kwargs or {}))
            if name in (aten.mm, aten.bmm):
                self.macs += result.numel() * args[0].shape[-1]
            elif name is aten.addmm:
                self.macs += result.numel() * args[1].shape[-1]
            elif name is aten.convolution:
                self.macs += result.numel() * args[1][0].numel()
            return result

    with Counter() as forward:
        loss = model(*inputs).sum()
    with Counter() as backward:
        loss.backward()
    return forward.macs, backward.macs


def counted(name):
    """In a process of its own, since the modules need torch's interpreter."""
    sys.path.insert(0, str(REPOSITORY / "scripts"))
    import capture_trace
    import torch
    where, shape = MODELS[name]
    model = capture_trace.load_model(where)[0].train()
    inputs = model.example_inputs(BATCH) if shape is None else (torch.zeros(BATCH, *shape),)
    device = "cpu" if shape is None else "meta"  # shapes alone; recurrent layers are made of smaller products on a CPU only
    return count(model.to(device), tuple(tensor.to(device) for tensor in inputs))


class TorchMacs(unittest.TestCase):
    def test_training_steps(self):
        for name in MODELS:
            with self.subTest(name):
                python = subprocess.run([PYTHON, "-B", __file__, "--count", name], capture_output=True, text=True)
                self.assertEqual(python.returncode, 0, python.stderr)
                forward, backward = json.loads(python.stdout)
                run = subprocess.run([PROGRAM, "run", "--network", name, "--accelerator", "rapid", "--recipe", "fp16",
                                      "--batch", str(BATCH), "--layers", "--format", "json"],
                                     capture_output=True, text=True)
                self.assertEqual(run.returncode, 0, run.stderr)
                macs = {"fwd": 0, "dgrad": 0, "wgrad": 0}
                for operation in json.loads(run.stdout)["layers"]:
                    if operation["pass"] in macs:
                        macs[operation["pass"]] += operation["macs"]
                self.assertEqual(macs["fwd"], forward)
                self.assertEqual(macs["dgrad"] + macs["wgrad"], backward)


def interpreter():
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and not subprocess.run([python, "-c", "import torch, torchvision"],
                                                         capture_output=True).returncode:
            return python
    return None


if __name__ == "__main__":
    if sys.argv[1] == "--count":
        print(json.dumps(counted(sys.argv[2])))
        sys.exit(0)
    PROGRAM, PYTHON = sys.argv.pop(1), interpreter()
    if PYTHON is None:
        print("skipped: no Python with torch and torchvision here (scripts/setup.sh --capture installs them)")
        sys.exit(SKIPPED)
    unittest.main()
