"""Walks a module with torch.fx, runs it once for its shapes, and writes down what it does as layers."""

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from capture import modules
from capture.trace import Trace

LEAVES = (nn.MultiheadAttention, nn.TransformerEncoderLayer)


class Tracer(fx.Tracer):
    """Goes into every module but torch's own leaves."""

    def is_leaf_module(self, m, module_qualified_name):
        return isinstance(m, LEAVES) or super().is_leaf_module(m, module_qualified_name)


class Capture:
    """One pass over the graph of a module."""

    def __init__(self, model, inputs):
        model = model.eval()  # encoder layers and dropouts have one path to trace; the layers are the same in training
        self._graph = fx.GraphModule(model, Tracer().trace(model))
        with torch.no_grad():
            ShapeProp(self._graph).propagate(*inputs)
        self._model = model
        self._trace = Trace()
        self._layer_of = {}
        self._weights = {}
        self.layer_of_module = {}

    def run(self):
        """The trace, with the loss at its end."""
        for node in self._graph.graph.nodes:
            handler = getattr(self, "_" + node.op)
            result = handler(node)
            if result is not None:
                self._layer_of[node] = result
        return self._trace

    @staticmethod
    def _shape(node):
        return tuple(node.meta["tensor_meta"].shape)[1:]

    def _inputs(self, node):
        return [self._layer_of[n] for n in node.all_input_nodes if n in self._layer_of]

    def _placeholder(self, node):
        return self._trace.add(f"input_{node.name}", "input", [], self._shape(node))

    def _call_module(self, node):
        module = self._model.get_submodule(node.target)
        inputs = self._inputs(node)
        name = modules.add_module(self._trace, node.target, module, inputs, self._shape(node))
        self._share_weights(module, name)
        self.layer_of_module[node.target] = name
        return name

    def _share_weights(self, module, name):
        """A weight that an earlier layer owns is counted there; only what is this layer's own stays."""
        weight = getattr(module, "weight", None)
        if not isinstance(weight, nn.Parameter):
            return
        owner = self._weights.setdefault(id(weight), name)
        if owner != name:
            attributes = self._trace[name].attributes
            attributes["parameters"] = attributes["parameters"] - weight.numel()
            attributes["shares_weights_with"] = owner

    def _call_function(self, node):
        return self._function(node, modules.FUNCTIONS.get(node.target), getattr(node.target, "__name__", "function"))

    def _call_method(self, node):
        return self._function(node, modules.METHODS.get(node.target), node.target)

    def _function(self, node, kind, word):
        if "tensor_meta" not in node.meta or not self._inputs(node):
            return None  # sizes and other numbers
        name = str(node.name)
        if node.target is nn.functional.adaptive_avg_pool2d:
            return modules.add_adaptive_pool(self._trace, name, self._inputs(node), self._shape(node))
        if node.target is nn.functional.dropout:
            return self._trace.add(name, "dropout", self._inputs(node), self._shape(node))
        if word == "mean":
            return self._trace.add(name, "global_avg_pool", self._inputs(node), (*self._shape(node), 1, 1)[:3])
        if kind is None:
            raise modules.Unsupported(f"{name}: {word}()")
        if kind in ("add", "multiply") and len(self._inputs(node)) == 1:
            kind = "scale"  # with a number
        return self._trace.add(name, kind, self._inputs(node), self._shape(node))

    def _get_attr(self, node):
        raise modules.Unsupported(f"{node.target}: a parameter used outside of a module")

    def _output(self, node):
        last = self._inputs(node)
        if len(last) != 1:
            raise modules.Unsupported(f"the model has {len(last)} outputs; a trace ends in one loss")
        self._trace.add("loss", "loss", last, self._trace[last[0]].output)
        return None
