#!/usr/bin/python3
"""Captures a torch.nn.Module as a layer trace that nibble runs.

Examples:
  scripts/capture_trace.py torchvision:resnet50 --input 3x224x224 --output resnet50.yaml
  scripts/capture_trace.py mine.py:MyNet --input 1x28x28 --output mynet.yaml
  scripts/capture_trace.py mine.py:MyNet --input 1x28x28 --measure batch.pt --output mynet.yaml

MODEL is torchvision:NAME, capture:NAME (scripts/capture/models.py) or FILE.py:CALLABLE; the callable takes no
arguments and returns the module. A module with several inputs has a method example_inputs(batch). --measure takes a
file made by torch.save((inputs, targets)): zero fractions of activations and gradients of that batch are
recorded. Needs python3-torch and python3-torchvision (scripts/setup.sh --capture).
"""

import argparse
import importlib.util
import pathlib
import shlex
import sys

import torch
import torchvision

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from capture import measure, models, modules, tracer  # noqa: E402


def load_model(text):
    """The module, and where it came from."""
    where, _, name = text.rpartition(":")
    if where == "torchvision":
        return torchvision.models.get_model(name), f"torchvision {torchvision.__version__} {name}, torch {torch.__version__}"
    if where == "capture":
        return getattr(models, name)(), f"scripts/capture/models.py {name}, torch {torch.__version__}"
    if where.endswith(".py"):
        spec = importlib.util.spec_from_file_location("user_model", where)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, name)(), f"{pathlib.Path(where).name} {name}, torch {torch.__version__}"
    raise ValueError(f"MODEL is '{text}'; it must be torchvision:NAME, capture:NAME or FILE.py:CALLABLE")


def example_inputs(model, shape):
    """What makes the inputs of a batch: shapes come out of them, values do not matter."""
    if hasattr(model, "example_inputs"):
        return model.example_inputs
    if shape is None:
        raise ValueError("--input SHAPE is needed, for example --input 3x224x224")
    extents = [int(n) for n in shape.split("x")]
    return lambda batch: (torch.zeros(batch, *extents),)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--input", metavar="CxHxW", help="shape of one sample")
    parser.add_argument("--output", required=True, metavar="FILE.yaml")
    parser.add_argument("--name", help="name of the network (default: the file's)")
    parser.add_argument("--description", default="", help="one line for `nibble list networks`")
    parser.add_argument("--measure", metavar="BATCH.pt", help="also record zero fractions, of this batch")
    options = parser.parse_args(arguments)
    try:
        model, origin = load_model(options.model)
        capture = tracer.Capture(model, example_inputs(model, options.input))
        trace = capture.run()
        if options.measure:
            inputs, targets = torch.load(options.measure)
            inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
            measure.measure(model, inputs, targets, capture.layer_of_module, trace)
    except (ValueError, AttributeError, TypeError, RuntimeError, OSError, modules.Unsupported) as error:
        print(f"capture_trace.py: {error}", file=sys.stderr)
        return 2
    output = pathlib.Path(options.output)
    name = options.name or output.stem
    shown = [a for a in arguments if not a.startswith("/")]
    command = "scripts/capture_trace.py " + " ".join(shlex.quote(a) for a in shown)
    trace.write(output, name, options.description or f"{name}, captured from {options.model}", origin, command)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
