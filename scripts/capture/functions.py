"""How functions and methods on tensors become layers. A function that is not in FUNCTIONS or METHODS cannot be captured.

To add one: a function of (build, node) that returns the name of the layer that gives the node's result. `build` is the
Capture of tracer.py.
"""

import math
import operator

import torch
from torch.nn import functional
from torchvision.ops import stochastic_depth

from capture.modules import Unsupported, add_adaptive_pool, add_pool


def argument(node, position, keyword, default=None):
    """An argument that is given by its place or by its name."""
    return node.args[position] if len(node.args) > position else node.kwargs.get(keyword, default)


def elementwise(kind):
    def handler(build, node):
        return build.add(node, kind, [build.layer(node.args[0])])
    return handler


def same(build, node):
    """Nothing that a trace knows: a copy, a type, the same view."""
    return build.layer(node.args[0])


def combine(kind):
    """A sum or a product: of two tensors, or of a tensor and a number, which is as much work as a scale."""
    def handler(build, node):
        if node.kwargs.get("alpha", 1) not in (1, -1):
            raise Unsupported(f"{node.name}: a sum with alpha = {node.kwargs['alpha']}")
        tensors = [a for a in (argument(node, 0, "input"), argument(node, 1, "other")) if build.is_tensor(a)]
        if len(tensors) == 1:
            return build.add(node, "scale", [build.layer(tensors[0])])
        output = build.shape(node)
        return build.add(node, kind, [build.with_rank(build.layer(t), len(output)) for t in tensors])
    return handler


def divide(build, node):
    if build.is_tensor(argument(node, 1, "other")) or not build.is_tensor(node.args[0]):
        raise Unsupported(f"{node.name}: a division by a tensor")
    if node.kwargs.get("rounding_mode"):
        raise Unsupported(f"{node.name}: a division that rounds")
    return build.add(node, "scale", [build.layer(node.args[0])])


def reshape(build, node):
    """The same data in another shape or order, or a part of it."""
    return build.view(node, node.args[0])


def slices(build, node):
    """Several parts of one tensor: each becomes a slice where it is taken out."""
    return build.layer(node.args[0])


def getitem(build, node):
    source, index = node.args
    if source in build.parts:
        return build.view(node, source)
    if not build.is_tensor(source):  # an nn.MultiheadAttention: its output, and its weights
        if index != 0:
            raise Unsupported(f"{node.name}: output {index} of {source.target}")
        return build.layer(source)
    items = index if isinstance(index, tuple) else (index,)
    if any(build.is_tensor(item) or isinstance(item, (list, torch.Tensor)) for item in items):
        raise Unsupported(f"{node.name}: an index that is a tensor or a list")
    return build.view(node, source)


def mean(build, node):
    """An average over some dimensions: a global pool of an image that has the others as channels, and the rest as rows."""
    source = node.args[0]
    full = build.full_shape(source)
    dims = argument(node, 1, "dim")
    dims = range(len(full)) if dims is None else [dims] if isinstance(dims, int) else dims
    dims = sorted(d % len(full) for d in dims)
    batch = build.batch_dimension(source)
    output = build.shape(node)
    layer = build.layer(source)
    if len(full) == 4 and batch == 0 and dims == [2, 3]:
        pooled = build.add(node, "global_avg_pool", [layer], (full[1], 1, 1))
    else:
        averaged = math.prod(full[d] for d in dims)
        channels = math.prod(build.shape(source)) // averaged
        image = build.add(node, "reshape", [layer], (channels, averaged, 1), part="image")
        pooled = build.add(node, "global_avg_pool", [image], (channels, 1, 1))
    return pooled if output == build.output_of(pooled) else build.add(node, "reshape", [pooled], output, part="view")


def pool(kind):
    def handler(build, node):
        names = ["input", "kernel_size", "stride", "padding"]
        names += ["dilation", "ceil_mode"] if kind == "max_pool" else ["ceil_mode"]
        given = {name: argument(node, i, name) for i, name in enumerate(names)}
        return add_pool(build.trace, node.name, kind, given["kernel_size"], given["stride"], given["padding"] or 0,
                        given.get("dilation") or 1, bool(given["ceil_mode"]), [build.layer(node.args[0])],
                        build.shape(node))
    return handler


def adaptive_avg_pool(build, node):
    return add_adaptive_pool(build.trace, node.name, [build.layer(node.args[0])], build.shape(node))


def concat(build, node):
    tensors = argument(node, 0, "tensors")
    dim = argument(node, 1, "dim", 0) % len(build.full_shape(tensors[0]))
    if dim == build.batch_dimension(node):
        raise Unsupported(f"{node.name}: a concatenation of samples")
    if len(tensors) == 1:
        return build.layer(tensors[0])
    return build.add(node, "concat", [build.layer(t) for t in tensors])


def matmul(build, node):
    a, b = node.args[0], argument(node, 1, "other", node.kwargs.get("mat2"))
    if build.is_parameter(b) and len(build.full_shape(b)) == 2:
        return build.add_linear(node, a, b, None)
    left, right = build.layer(a), build.layer(b)
    rank = max(len(build.output_of(left)), len(build.output_of(right)))
    if rank < 2 or build.output_of(left)[:-2] != build.output_of(right)[:-2]:
        raise Unsupported(f"{node.name}: a product of {list(build.output_of(left))} and {list(build.output_of(right))}; "
                          "both factors need the same dimensions before the last two")
    return build.add(node, "matmul", [left, right])


def linear(build, node):
    weight, bias = argument(node, 1, "weight"), argument(node, 2, "bias")
    if not build.is_parameter(weight) or not (bias is None or build.is_parameter(bias)):
        raise Unsupported(f"{node.name}: linear() with weights that are no parameters")
    return build.add_linear(node, node.args[0], weight, bias)


def layer_norm(build, node):
    shape = argument(node, 1, "normalized_shape")
    if len(shape) != 1:
        raise Unsupported(f"{node.name}: layer_norm() over {len(shape)} dimensions; one, the last, has a layer kind")
    given = [p for p in (argument(node, 2, "weight"), argument(node, 3, "bias")) if p is not None]
    if not all(build.is_parameter(p) for p in given):
        raise Unsupported(f"{node.name}: layer_norm() with a weight that is no parameter")
    name = build.add(node, "layer_norm", [build.layer(node.args[0])])
    build.own(name, given)
    return name


FUNCTIONS = {
    functional.adaptive_avg_pool2d: adaptive_avg_pool, functional.dropout: elementwise("dropout"),
    functional.max_pool2d: pool("max_pool"), torch.max_pool2d: pool("max_pool"),
    functional.avg_pool2d: pool("avg_pool"),
    # Drops whole samples: what dropout does, with one draw for many elements.
    stochastic_depth: elementwise("dropout"),
    functional.linear: linear, functional.layer_norm: layer_norm,
    operator.getitem: getitem, operator.matmul: matmul, torch.matmul: matmul, torch.bmm: matmul,
    torch.mean: mean, torch.cat: concat, torch.concat: concat,
    operator.truediv: divide, operator.itruediv: divide, torch.div: divide,
    operator.neg: elementwise("scale"), torch.neg: elementwise("scale"),
}
METHODS = {"matmul": matmul, "bmm": matmul, "mean": mean, "div": divide, "neg": elementwise("scale")}

for word in ("relu", "gelu", "sigmoid", "tanh", "silu", "softmax", "relu6"):
    for place in (torch, functional):
        if hasattr(place, word):
            FUNCTIONS[getattr(place, word)] = elementwise(word)
    METHODS[word] = elementwise(word)
for kind, words in (("add", ("add", "sub")), ("multiply", ("mul",))):
    for word in words:
        FUNCTIONS.update({f: combine(kind) for f in
                          (getattr(operator, word), getattr(operator, "i" + word), getattr(torch, word))})
        METHODS[word] = METHODS[word + "_"] = combine(kind)
for word in ("flatten", "transpose", "permute", "reshape", "squeeze", "unsqueeze", "swapaxes", "unflatten"):
    METHODS[word] = reshape
    if hasattr(torch, word):
        FUNCTIONS[getattr(torch, word)] = reshape
for word in ("view", "expand"):
    METHODS[word] = reshape
for word in ("chunk", "split", "unbind"):
    FUNCTIONS[getattr(torch, word)] = METHODS[word] = slices
for word in ("contiguous", "clone", "to", "float", "type_as"):
    METHODS[word] = same
METHODS["relu_"] = METHODS["relu"]
FUNCTIONS[torch.relu_] = FUNCTIONS[functional.relu_] = FUNCTIONS[torch.relu]
