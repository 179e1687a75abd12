"""Walks a module with torch.fx, runs it for its shapes, and writes down what it does as layers."""

import dis
import inspect
import math
from unittest import mock

import torch
from torch import fx, nn

from capture import functions, modules, recurrent
from capture.attention import Cache
from capture.detection import Loss, SamePool, ScaledL2Norm
from capture.modules import Unsupported
from capture.shapes import Shapes
from capture.trace import Trace

LEAVES = (nn.MultiheadAttention, nn.TransformerEncoderLayer, Cache, Loss, SamePool, ScaledL2Norm)


class Tracer(fx.Tracer):
    """Goes into every module but torch's own leaves."""

    def is_leaf_module(self, m, module_qualified_name):
        return isinstance(m, LEAVES) or modules.is_rms_norm(m) or super().is_leaf_module(m, module_qualified_name)


def _unpack(proxy):
    """`a, b = tensor` takes as many parts as there are names; torch finds their number only up to Python 3.10."""
    frame = inspect.currentframe().f_back
    names = {i.offset: i.argval for i in dis.get_instructions(frame.f_code) if i.opname == "UNPACK_SEQUENCE"}
    if frame.f_lasti not in names:
        return proxy.tracer.iter(proxy)
    return iter([proxy[i] for i in range(names[frame.f_lasti])])


def _graph_of(model, inputs):
    """The module's graph; arguments that are not given keep their defaults."""
    arguments = list(inspect.signature(model.forward).parameters.values())[inputs:]
    defaults = {a.name: a.default for a in arguments if a.default is not a.empty}
    with mock.patch.object(fx.Proxy, "__iter__", _unpack):
        return fx.GraphModule(model, Tracer().trace(model, concrete_args=defaults or None))


class Capture:
    """One pass over the graph of a module. `example_inputs(batch)` gives the module's inputs."""

    def __init__(self, model, example_inputs):
        model = model.eval()  # encoder layers and dropouts have one path to trace; the layers are the same in training
        self._graph = _graph_of(model, len(example_inputs(1)))
        self._shapes = Shapes(self._graph, example_inputs)
        self._model = model
        self._layer_of = {}
        self._owner = {}       # id of a parameter -> the layer that counts it
        self._layers_of = {}   # id of a module -> the layers of its first call
        self.trace = Trace()
        self.parts = set()     # nodes that give several slices of one tensor
        self.repeats = {}      # nodes that give a tensor several times over -> how often; the layer is the tensor's
        self.layer_of_module = {}

    def run(self):
        """The trace, with the loss at its end."""
        for node in self._graph.graph.nodes:
            result = getattr(self, "_" + node.op)(node)
            if result is not None:
                self._layer_of[node] = result
        return self.trace

    # What handlers of functions ask and do.

    def is_tensor(self, value):
        """Whether a node's argument is a tensor of more than one number."""
        if not isinstance(value, fx.Node) or value not in self._shapes:
            return False
        constant = self._shapes.batch_dimension(value) is None and not self.is_parameter(value)
        return not (constant and math.prod(self._shapes.full(value)) == 1)

    def is_parameter(self, value):
        return isinstance(value, fx.Node) and value.op == "get_attr" and isinstance(self._attribute(value), nn.Parameter)

    def shape(self, node):
        return self._shapes.sample(node)

    def full_shape(self, node):
        return self._shapes.full(node)

    def batch_dimension(self, node):
        return self._shapes.batch_dimension(node)

    def output_of(self, layer):
        return self.trace[layer].output

    def add(self, node, kind, inputs, output=None, part="", **attributes):
        """A layer for the node, or for a part of what it does."""
        name = f"{node.name}.{part}" if part else str(node.name)
        return self.trace.add(name, kind, inputs, self.shape(node) if output is None else output, **attributes)

    def layer(self, node):
        """The layer that gives the node's result; a parameter or a constant becomes one when it is first read."""
        if node in self.repeats:
            raise Unsupported(f"{node.name}: {_word(node)}() repeats a tensor for another reader than a matrix product")
        return self.repeated_layer(node)

    def repeated_layer(self, node):
        """The layer that gives the node's result or, if the node repeats a tensor, that tensor."""
        if node not in self._layer_of:
            self._layer_of[node] = self._constant(node)
        return self._layer_of[node]

    def view(self, node, source):
        """The data of `source` in the shape of `node`: a layer, unless a sample keeps its shape and order."""
        layer, output = self.layer(source), self.shape(node)
        before, after = math.prod(self.output_of(layer)), math.prod(output)
        reorders = node.target in ("permute", "transpose", "swapaxes", torch.permute, torch.transpose, torch.swapaxes)
        if output == self.output_of(layer) and not reorders:
            return layer
        if after > before:
            raise Unsupported(f"{node.name}: {_word(node)}() repeats {list(self.output_of(layer))} to {list(output)}")
        return self.add(node, "reshape", [layer], output, slice=True if after < before else None)

    def with_rank(self, layer, rank):
        """The layer with dimensions of 1 before its own, as sums and products of unlike shapes read it."""
        shape = self.output_of(layer)
        if len(shape) >= rank:
            return layer
        return self.trace.add(f"{layer}.view", "reshape", [layer], (1,) * (rank - len(shape)) + shape)

    def add_linear(self, node, source, weight, bias):
        """A linear layer whose weight stands outside of a module."""
        name = self.add(node, "linear", [self.layer(source)], bias=bias is not None or None)
        self.own(name, [weight] + ([bias] if bias is not None else []))
        return name

    def own(self, name, nodes):
        """Counts parameters that stand outside of a module in layer `name`."""
        parameters = [self._attribute(node) for node in nodes]
        if parameters:
            self.trace[name].attributes["parameters"] = sum(p.numel() for p in parameters)
        self._count_once(parameters, name)

    # Nodes of the graph.

    def _placeholder(self, node):
        if node not in self._shapes:
            return None  # an argument that keeps its default
        return self.trace.add(f"input_{node.name}", "input", [], self.shape(node))

    def _call_module(self, node):
        module = self._model.get_submodule(node.target)
        inputs = [self.layer(n) for n in node.all_input_nodes if self.is_tensor(n)]
        first = len(self.trace.layers)
        if isinstance(module, nn.LSTM):
            name = recurrent.add_lstm(self.trace, node.target, module, inputs)
        else:
            output = self.shape(node) if node in self._shapes else self._attention_shape(node.target, module, inputs)
            name = modules.add_module(self.trace, node.target, module, inputs, output)
        self._share(module, self.trace.layers[first:])
        self.layer_of_module[node.target] = name
        return name

    def _attention_shape(self, name, module, inputs):
        if not isinstance(module, nn.MultiheadAttention):
            raise Unsupported(f"{name}: module {type(module).__name__} with several outputs")
        return self.output_of(inputs[0])

    def _call_function(self, node):
        in_place = node.kwargs.get("inplace", False) or _word(node).endswith("_")
        return self._call(node, functions.FUNCTIONS.get(node.target), in_place)

    def _call_method(self, node):
        return self._call(node, functions.METHODS.get(node.target), node.target.endswith("_"))

    def _call(self, node, handler, in_place):
        reads = [n for n in node.all_input_nodes if n in self._shapes or n in self._layer_of]
        if not reads or not (node in self._shapes or node in self._shapes.several):
            return None  # a constant, or no tensor: sizes and other numbers
        if handler is functions.getitem and not node.users:
            return None  # unpacked and left, as the weights of an attention
        if handler is None:
            raise Unsupported(f"{node.name}: {_word(node)}()")
        if in_place and not node.users:
            raise Unsupported(f"{node.name}: {_word(node)}() changes a tensor in place; use what it returns")
        if node in self._shapes.several:
            if handler is not functions.slices:
                raise Unsupported(f"{node.name}: {_word(node)}() with several results")
            self.parts.add(node)
        elif self.batch_dimension(node) is None and any(
                n in self._shapes and self.batch_dimension(n) is not None for n in reads):
            raise Unsupported(f"{node.name}: {_word(node)}() takes some samples out of the batch")
        return handler(self, node)

    def _get_attr(self, _node):
        return None  # becomes a layer when something reads it

    def _output(self, node):
        last = [self.layer(n) for n in node.all_input_nodes]
        if len(last) != 1:
            raise Unsupported(f"the model has {len(last)} outputs; a trace ends in one loss")
        if not self.trace[last[0]].kind.endswith("loss"):  # a model may end in a loss of its own
            self.trace.add("loss", "loss", last, self.output_of(last[0]))
        self.trace.drop_unread_views()

    # Parameters and constants.

    def _attribute(self, node):
        value = self._graph
        for part in node.target.split("."):
            value = getattr(value, part)
        return value

    def _constant(self, node):
        """A parameter that is data, as a position embedding: a table of which every row is read. A constant: an input."""
        if node not in self._shapes:
            raise Unsupported(f"{node.name}: a result of {_word(node)} that is no tensor")
        shape = self.shape(node)
        if not self.is_parameter(node):
            return self.trace.add(f"constant_{node.name}", "input", [], shape)
        rows, name = shape[:-1] or (1,), node.target
        parameter = self._attribute(node)
        read = self.trace.add(f"{name}.rows", "input", [], rows)
        table = self.trace.add(name, "embedding", [read], (*rows, shape[-1]), parameters=parameter.numel())
        self._count_once([parameter], table)
        return table if len(shape) > 1 else self.trace.add(f"{name}.view", "reshape", [table], shape)

    def _share(self, module, layers):
        """A second call of a module owns nothing: its layers share all that those of the first call own."""
        parameters = list(module.parameters())
        if any(not p.requires_grad for p in parameters):
            raise Unsupported(f"{layers[0].name}: frozen parameters; a trace trains all of them")
        if not layers or not parameters:
            return
        first = self._layers_of.setdefault(id(module), layers)
        if first is not layers:
            for owner, layer in zip(first, layers):
                if layer.attributes.get("parameters"):
                    layer.attributes["parameters"] = 0
                    layer.attributes["shares_weights_with"] = owner.attributes.get("shares_weights_with", owner.name)
            return
        if len(layers) > 1 and any(id(p) in self._owner for p in parameters):
            raise Unsupported(f"{layers[0].name}: parameters shared with a module that is not the same")
        weighted = next((layer for layer in layers if layer.attributes.get("parameters")), layers[0])
        self._count_once(parameters, weighted.name)

    def _count_once(self, parameters, name):
        """Parameters (the weight first) that an earlier layer owns are counted there; only what is this layer's own stays."""
        owners = [self._owner.setdefault(id(p), name) for p in parameters]
        shared = [p for p, owner in zip(parameters, owners) if owner != name]
        if not shared:
            return
        if owners[0] == name:
            raise Unsupported(f"{name}: shares its bias with {owners[1]}, but not its weight")
        attributes = self.trace[name].attributes
        attributes["parameters"] -= sum(p.numel() for p in shared)
        attributes["shares_weights_with"] = owners[0]


def _word(node):
    """What the model's author calls the function."""
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "function")
