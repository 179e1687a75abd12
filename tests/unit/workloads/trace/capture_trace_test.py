#!/usr/bin/env python3
"""Proves that scripts/capture_trace.py still makes the shipped traces, byte for byte, by the command in each one's head,
and that it names what it cannot capture.

Needs PyTorch; without it, exits with 77, which ctest shows as skipped.
"""

import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[4]
NETWORKS = REPOSITORY / "workloads" / "networks"
SKIPPED = 77


def has_torch(interpreter):
    try:
        return subprocess.run([interpreter, "-c", "import torch, torchvision"], capture_output=True).returncode == 0
    except OSError:
        return False


PYTHON = next((python for python in (sys.executable, "/usr/bin/python3") if has_torch(python)), None)


class CaptureTrace(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "scripts").symlink_to(REPOSITORY / "scripts")
        (self.root / "workloads" / "networks").mkdir(parents=True)

    def capture(self, *arguments):
        """Runs the script in a folder that looks like the repository, and has no traces."""
        return subprocess.run([PYTHON, "-B", "scripts/capture_trace.py", *arguments], cwd=self.root,
                              capture_output=True, text=True)

    def capture_module(self, source, *arguments):
        (self.root / "mine.py").write_text("import torch\nfrom torch import nn\n" + textwrap.dedent(source))
        return self.capture("mine.py:Net", "--output", "mine.yaml", *arguments)

    def reproduces(self, shipped):
        text = shipped.read_text(encoding="utf-8")
        command = re.match(r"# Captured by: scripts/capture_trace.py (.*)\n", text)
        self.assertIsNotNone(command, f"{shipped} does not say how it was captured")
        result = self.capture(*shlex.split(command[1]))
        self.assertEqual(result.returncode, 0, result.stderr)
        made = self.root / "workloads" / "networks" / shipped.name
        self.assertEqual(made.read_text(encoding="utf-8"), text)

    def test_a_users_module(self):
        result = self.capture_module("""
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.convolution = nn.Conv2d(1, 4, 3, stride=2, padding=1)
                    self.activation = nn.ReLU()
                    self.head = nn.Linear(4 * 14 * 14, 10)

                def forward(self, x):
                    return self.head(torch.flatten(self.activation(self.convolution(x)), 1))
            """, "--input", "1x28x28")
        self.assertEqual(result.returncode, 0, result.stderr)
        text = (self.root / "mine.yaml").read_text()
        self.assertIn("name: convolution, kind: conv2d", text)
        self.assertIn("output: [4, 14, 14], kernel: [3, 3], stride: [2, 2], padding: [1, 1], bias: true, "
                      "parameters: 40}", text)
        self.assertIn("output: [10], bias: true, parameters: 7850}", text)

    def test_an_unsupported_module_is_named(self):
        result = self.capture_module("""
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.strange = nn.Softplus()

                def forward(self, x):
                    return self.strange(x)
            """, "--input", "4")
        self.assertEqual(result.returncode, 2)
        self.assertIn("strange", result.stderr)
        self.assertIn("Softplus", result.stderr)
        self.assertFalse((self.root / "mine.yaml").exists(), "nothing is written when something is left out")

    def layers(self, members, forward, *arguments):
        """The layers of a module with `members`, one a line, and a `forward` that is one expression; without their
        indentation and braces."""
        body = "".join(f"\n        self.{member}" for member in members)
        source = ("class Net(nn.Module):\n    def __init__(self):\n        super().__init__()" + body +
                  f"\n\n    def forward(self, x):\n        return {forward}\n")
        result = self.capture_module(source, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        text = (self.root / "mine.yaml").read_text(encoding="utf-8")
        return [line.strip(" -{}") for line in text.split("layers:\n")[1].splitlines()]

    def test_a_module_called_twice_counts_once(self):
        layers = self.layers(["inner = nn.Linear(6, 6)"], "self.inner(torch.tanh(self.inner(x)))", "--input", "6")
        self.assertEqual(layers[1], "name: inner, kind: linear, inputs: [input_x], output: [6], bias: true, "
                                    "parameters: 42")
        self.assertEqual(layers[3], "name: inner.2, kind: linear, inputs: [tanh], output: [6], bias: true, "
                                    "parameters: 0, shares_weights_with: inner")

    def test_an_attention_called_twice_counts_once(self):
        layers = self.layers(["block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)"],
                             "self.block(self.block(x))", "--input", "5x8")
        counts = [int(count) for count in re.findall(r"parameters: (\d+)", "\n".join(layers))]
        # Four projections of 8 x 8, two of 8 x 16, two norms.
        self.assertEqual(sum(counts), 4 * (64 + 8) + (128 + 16) + (128 + 8) + 2 * 16)

    def test_weights_of_an_attention_may_be_left(self):
        layers = self.layers(["block = nn.MultiheadAttention(8, 2, batch_first=True)"],
                             "(lambda pair: (pair[1], pair[0])[1])(self.block(x, x, x))", "--input", "5x8")
        self.assertIn("name: block.out_proj, kind: linear", layers[-2])

    def test_means(self):
        tokens = self.layers([], "x.mean(1)", "--input", "5x8")
        self.assertEqual(tokens[1:4], [
            "name: mean.image, kind: reshape, inputs: [input_x], output: [8, 5, 1]",
            "name: mean, kind: global_avg_pool, inputs: [mean.image], output: [8, 1, 1]",
            "name: mean.view, kind: reshape, inputs: [mean], output: [8]"])
        space = self.layers([], "torch.mean(x, (2, 3), keepdim=True)", "--input", "3x8x8")
        self.assertEqual(space[1], "name: mean, kind: global_avg_pool, inputs: [input_x], output: [3, 1, 1]")

    def test_pools_round_up_where_it_matters(self):
        self.assertIn("output: [1, 4, 4], kernel: [3, 3], stride: [2, 2], ceil: true", self.layers(
            ["pool = nn.MaxPool2d(3, 2, ceil_mode=True)"], "self.pool(x)", "--input", "1x8x8")[1])
        self.assertEqual("name: max_pool2d, kind: max_pool, inputs: [input_x], output: [1, 4, 4], kernel: [2, 2], "
                         "stride: [2, 2]", self.layers(
                             [], "nn.functional.max_pool2d(x, 2, ceil_mode=True)", "--input", "1x8x8")[1])
        self.assertIn("kind: avg_pool, inputs: [input_x], output: [1, 8, 8], kernel: [3, 3], padding: [1, 1]",
                      self.layers([], "nn.functional.avg_pool2d(x, 3, 1, 1)", "--input", "1x8x8")[1])

    def test_attention_by_hand(self):
        """The batch moves to the second dimension and back; query, key and value are slices of one projection."""
        (self.root / "mine.py").write_text(textwrap.dedent("""
            import torch
            from torch import nn

            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.inner = nn.Linear(8, 24)
                    self.positions = nn.Parameter(torch.zeros(1, 5, 8))

                def forward(self, x):
                    batch, length, width = x.shape
                    x = x - self.positions
                    q, k, v = self.inner(x).view(batch, length, 3, 2, 4).permute(2, 0, 3, 1, 4)
                    weights = (torch.matmul(q, k.transpose(-2, -1)) / 2).softmax(-1)
                    return (weights @ v).transpose(1, 2).reshape(batch, length, width)
            """))
        result = self.capture("mine.py:Net", "--output", "mine.yaml", "--input", "5x8")
        self.assertEqual(result.returncode, 0, result.stderr)
        text = (self.root / "mine.yaml").read_text(encoding="utf-8")
        self.assertIn("name: positions, kind: embedding, inputs: [positions.rows], output: [5, 8], parameters: 40", text)
        self.assertIn("kind: add, inputs: [input_x, positions], output: [5, 8]", text)
        self.assertEqual(len(re.findall(r"inputs: \[permute\], output: \[2, 5, 4\], slice: true", text)), 3)
        self.assertIn("kind: matmul, inputs: [getitem_3, transpose], output: [2, 5, 5]", text)
        self.assertRegex(text, r"kind: matmul, inputs: \[softmax, getitem_5\], output: \[2, 5, 4\]")

    def test_grouped_queries_read_the_shared_heads_where_they_are(self):
        """Heads are repeated for their queries in either of two idioms; the product has them as more rows instead."""
        idioms = {"repeat_interleave": "k.repeat_interleave(2, 1)",
                  "expand": "k.unsqueeze(2).expand(-1, 3, 2, 5, 4).reshape(-1, 6, 5, 4)"}
        for name, repeated in idioms.items():
            with self.subTest(name):
                result = self.capture_module(f"""
                    class Net(nn.Module):
                        def __init__(self):
                            super().__init__()
                            self.shared = nn.Linear(24, 12)

                        def forward(self, x):
                            q = x.view(-1, 5, 6, 4).transpose(1, 2)
                            k = self.shared(x).view(-1, 5, 3, 4).transpose(1, 2)
                            k = {repeated}
                            return torch.matmul(q @ k.transpose(-2, -1), k)
                    """, "--input", "5x24")
                self.assertEqual(result.returncode, 0, result.stderr)
                text = (self.root / "mine.yaml").read_text(encoding="utf-8")
                self.assertRegex(text, r"kind: matmul, inputs: \[\w+\.group, \w+\], output: \[3, 10, 5\]")
                self.assertRegex(text, r"kind: matmul, inputs: \[\w+\.group, \w+\], output: \[3, 10, 4\]")
                self.assertRegex(text, r"name: loss, kind: loss, inputs: \[\w+\], output: \[6, 5, 4\]")

    def test_heads_repeated_for_anything_but_a_product_are_an_error(self):
        for forward in ("x.repeat_interleave(2, 1) + 1", "x.repeat_interleave(2, 2)", "x.unsqueeze(3).expand(-1, 3, 8, 2, 8)"):
            with self.subTest(forward):
                result = self.capture_module("class Net(nn.Module):\n    def forward(self, x):\n        "
                                             f"return {forward}\n", "--input", "3x8x8")
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn("repeat", result.stderr)

    def test_an_rms_norm_is_known_by_its_name(self):
        result = self.capture_module("""
            class MyRMSNorm(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.weight = nn.Parameter(torch.ones(8))

                def forward(self, x):
                    return x * torch.rsqrt(x.square().mean(-1, keepdim=True)) * self.weight

            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = MyRMSNorm()

                def forward(self, x):
                    return self.norm(x)
            """, "--input", "3x8")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("name: norm, kind: rms_norm, inputs: [input_x], output: [3, 8], parameters: 8}",
                      (self.root / "mine.yaml").read_text(encoding="utf-8"))

    def test_functions_of_tensors(self):
        for forward, expected in {
                "torch.cat((lambda halves: (halves[0], halves[1]))(x.chunk(2, 2)), 1)":
                    "name: cat, kind: concat, inputs: [getitem, getitem_1], output: [6, 4, 8]",
                "x * x": "name: mul, kind: multiply, inputs: [input_x, input_x], output: [3, 8, 8]",
                "x[:, :, 1:]": "name: getitem, kind: reshape, inputs: [input_x], output: [3, 7, 8], slice: true",
                "nn.functional.linear(x, self.matrix)":
                    "name: linear, kind: linear, inputs: [input_x], output: [3, 8, 2], parameters: 16",
                "nn.functional.layer_norm(x, (8,), self.gain)":
                    "name: layer_norm, kind: layer_norm, inputs: [input_x], output: [3, 8, 8], parameters: 8"}.items():
            with self.subTest(forward):
                layers = self.layers(["matrix = nn.Parameter(torch.zeros(2, 8))",
                                      "gain = nn.Parameter(torch.ones(8))"],
                                     forward, "--input", "3x8x8")
                self.assertEqual(layers[-2], expected)

    def test_a_convolution_of_sequences_is_one_of_images_with_one_row(self):
        layers = self.layers(["inner = nn.Conv1d(4, 6, 3, padding='same', dilation=2)"], "self.inner(x)",
                             "--input", "4x10")
        self.assertEqual(layers[2], "name: inner.conv, kind: conv2d, inputs: [inner.image], output: [6, 1, 10], "
                                    "kernel: [1, 3], padding: [0, 2], dilation: [1, 2], bias: true, parameters: 78")

    def test_what_has_no_layer_is_one_error(self):
        for forward, named in {"torch.sin(x)": "sin()", "x.cumsum(1)": "cumsum()", "x[0]": "batch",
                               "x.repeat(1, 2)": "repeat()", "x / x": "division", "x.mean(0)": "batch",
                               "x if x.sum() > 0 else -x": "control flow", "torch.topk(x, 2)[0]": "topk()"}.items():
            with self.subTest(forward):
                result = self.capture_module("class Net(nn.Module):\n    def forward(self, x):\n        "
                                             f"return {forward}\n", "--input", "4")
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertEqual(len(result.stderr.strip().splitlines()), 1, result.stderr)
                self.assertIn(named, result.stderr)
                self.assertFalse((self.root / "mine.yaml").exists())

    def test_measured_zeros(self):
        """The zeros of a layer that halves its input are known."""
        subprocess.run([PYTHON, "-c", "import torch; torch.save((torch.tensor([[-1., 2., -3., 4.]] * 2), "
                        "torch.tensor([0, 1])), 'batch.pt')"], cwd=self.root, check=True)
        result = self.capture_module("""
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.activation = nn.ReLU()
                    self.head = nn.Linear(4, 2)

                def forward(self, x):
                    return self.head(self.activation(x))
            """, "--input", "4", "--measure", "batch.pt")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex((self.root / "mine.yaml").read_text(), "kind: relu, .*activation_zeros: 0.5000")


def test_for(shipped):
    return lambda self: self.reproduces(shipped)


# The others say in their first line that they were written by hand, or came out of a training.
for trace in sorted(NETWORKS.glob("*.yaml")):
    if trace.read_text(encoding="utf-8").startswith(("# Written by hand", "# Made by: nibble train")):
        continue
    setattr(CaptureTrace, f"test_{trace.stem.replace('-', '_')}_is_reproduced", test_for(trace))


if __name__ == "__main__":
    if PYTHON is None:
        print("skipped: no Python with torch and torchvision here (scripts/setup.sh --capture installs them)")
        sys.exit(SKIPPED)
    unittest.main()
