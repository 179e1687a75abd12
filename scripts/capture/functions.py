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
    if node.args[0] in build.repeats:
        return reshape_repeated(build, node)
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


def repeat_interleave(build, node):
    """Key and value heads that several query heads share: the product reads them where they are (see matmul)."""
    times, dim = argument(node, 1, "repeats"), argument(node, 2, "dim")
    source = node.args[0]
    batch = build.batch_dimension(source)
    if not isinstance(times, int) or batch != 0 or dim is None or dim % len(build.full_shape(source)) != 1:
        raise Unsupported(f"{node.name}: repeat_interleave() other than of a sample's first dimension, by a number")
    layer = build.layer(source)
    if times > 1:
        build.repeats[node] = times
    return layer


def expand(build, node):
    """Each head of [heads, 1, ...] several times over, as repeat_interleave() does once they are one dimension again."""
    source = node.args[0]
    before, after = build.shape(source), build.shape(node)
    if before == after:
        return build.layer(source)
    if len(before) < 3 or before[1] != 1 or after != (before[0], after[1], *before[2:]):
        raise Unsupported(f"{node.name}: expand() repeats {list(before)} to {list(after)}; heads, [heads, 1, ...], may repeat")
    layer = build.layer(source)
    build.repeats[node] = after[1]
    return layer


def reshape_repeated(build, node):
    """A repeated tensor with its repetitions among its heads."""
    source = node.args[0]
    before, after, times = build.shape(source), build.shape(node), build.repeats[source]
    if after != (before[0] * before[1], *before[2:]):
        raise Unsupported(f"{node.name}: a repeated tensor {list(before)} as {list(after)}")
    layer = build.add(node, "reshape", [build.repeated_layer(source)], (before[0], *before[2:]))
    build.repeats[node] = times
    return layer


def transpose(build, node):
    """Another order; of a repeated tensor if its heads stay where they are."""
    source = node.args[0]
    if source not in build.repeats:
        return reshape(build, node)
    before, after = build.shape(source), build.shape(node)
    if after != (*before[:-2], before[-1], before[-2]):
        raise Unsupported(f"{node.name}: a repeated tensor in another order than with its last two dimensions exchanged")
    times = build.repeats[node] = build.repeats[source]
    return build.add(node, "reshape", [build.repeated_layer(source)], (after[0] // times, *after[1:]))


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
    if b in build.repeats:
        return grouped_matmul(build, node, a, b)
    left, right = build.layer(a), build.layer(b)
    rank = max(len(build.output_of(left)), len(build.output_of(right)))
    if rank < 2 or build.output_of(left)[:-2] != build.output_of(right)[:-2]:
        raise Unsupported(f"{node.name}: a product of {list(build.output_of(left))} and {list(build.output_of(right))}; "
                          "both factors need the same dimensions before the last two")
    return build.add(node, "matmul", [left, right])


def grouped_matmul(build, node, a, b):
    """Heads of `a` that share one of `b` are more rows of one product: b is read once for all of them."""
    times, left, right = build.repeats[b], build.layer(a), build.repeated_layer(b)
    (heads, rows, inner), (shared, _, columns) = build.output_of(left), build.output_of(right)
    if shared * times != heads:
        raise Unsupported(f"{node.name}: a product of {heads} matrices and {shared} that are repeated {times} times")
    joined = build.add(node, "reshape", [left], (shared, times * rows, inner), part="group")
    product = build.add(node, "matmul", [joined, right], (shared, times * rows, columns), part="product")
    return build.add(node, "reshape", [product], (heads, rows, columns))


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
    METHODS[word] = transpose if word in ("transpose", "swapaxes") else reshape
    if hasattr(torch, word):
        FUNCTIONS[getattr(torch, word)] = METHODS[word]
FUNCTIONS[torch.repeat_interleave] = METHODS["repeat_interleave"] = repeat_interleave
METHODS["view"], METHODS["expand"] = reshape, expand
for word in ("chunk", "split", "unbind"):
    FUNCTIONS[getattr(torch, word)] = METHODS[word] = slices
for word in ("contiguous", "clone", "to", "float", "type_as"):
    METHODS[word] = same
METHODS["relu_"] = METHODS["relu"]
FUNCTIONS[torch.relu_] = FUNCTIONS[functional.relu_] = FUNCTIONS[torch.relu]
