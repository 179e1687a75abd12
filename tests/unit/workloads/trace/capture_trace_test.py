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


for trace in sorted(NETWORKS.glob("*.yaml")):
    setattr(CaptureTrace, f"test_{trace.stem.replace('-', '_')}_is_reproduced", test_for(trace))


if __name__ == "__main__":
    if PYTHON is None:
        print("skipped: no Python with torch and torchvision here (scripts/setup.sh --capture installs them)")
        sys.exit(SKIPPED)
    unittest.main()
