#!/usr/bin/python3
"""Writes models/*.onnx: torchvision's networks without their weights (shapes are all that is read), and models that must be
refused. Needs python3-torch, python3-torchvision, python3-onnx."""

import io
import math
import pathlib
import warnings

import onnx
import torch
import torchvision
from onnx import TensorProto, helper

FOLDER = pathlib.Path(__file__).parent / "models"


def exported(name, training):
    """In training mode batch norms stay; in inference the exporter folds them into the convolutions."""
    model, file = torchvision.models.get_model(name), io.BytesIO()
    mode = torch.onnx.TrainingMode.TRAINING if training else torch.onnx.TrainingMode.EVAL
    torch.onnx.export(model.train(training), torch.zeros(2, 3, 224, 224), file, training=mode,
                      do_constant_folding=not training, input_names=["image"], dynamic_axes={"image": {0: "batch"}})
    return onnx.load_from_string(file.getvalue())


def write(name, model):
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) > 4:
            tensor.ClearField("raw_data")
            tensor.ClearField("float_data")
    for node in model.graph.node:
        node.ClearField("doc_string")
    onnx.save(model, str(FOLDER / f"{name}.onnx"))


def small(op, shape=(1, 4), weights=None, **attributes):
    """A model of one node."""
    inputs = ["x"] + (["w"] if weights else [])
    initial = [helper.make_tensor("w", TensorProto.FLOAT, weights, [0.0] * math.prod(weights))] if weights else []
    return helper.make_model(helper.make_graph(
        [helper.make_node(op, inputs, ["y"], name="only", **attributes)], "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], initial),
        opset_imports=[helper.make_opsetid("", 13)])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    write("resnet18-training", exported("resnet18", True))
    write("resnet18-folded", exported("resnet18", False))
    write("mobilenetv2-training", exported("mobilenet_v2", True))
    write("unknown-operator", small("Erf"))
    write("batch-of-8", small("Relu", (8, 4)))
    write("second-name", small("Relu", ("batch", "length")))
    write("softmax-of-rows", small("Softmax", (1, 3, 4), axis=1))
    write("same-padding", small("Conv", (1, 3, 8, 8), (5, 3, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2]))
