"""How each torch module and function becomes layers of a trace."""

import operator

import torch
from torch import nn
from torch.nn import functional


class Unsupported(Exception):
    """A module or function that the trace has no layer for."""


def _pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def _window(module):
    """kernel, stride, padding, dilation of a convolution or a pool; defaults are left out of the file."""
    kernel = _pair(module.kernel_size)
    stride = _pair(module.stride if module.stride is not None else module.kernel_size)
    padding = module.padding
    if isinstance(padding, str):
        if padding == "valid":
            padding = 0
        elif stride == (1, 1):
            padding = tuple((k - 1) * d // 2 for k, d in zip(kernel, _pair(module.dilation)))
        else:
            raise Unsupported(f"padding='{padding}' with stride {stride}")
    padding = _pair(padding)
    dilation = _pair(getattr(module, "dilation", 1))
    return {
        "kernel": kernel,
        "stride": stride if stride != (1, 1) else None,
        "padding": padding if padding != (0, 0) else None,
        "dilation": dilation if dilation != (1, 1) else None,
    }


def parameter_count(module):
    """Trainable parameters of this module itself."""
    return sum(p.numel() for p in module.parameters(recurse=False) if p.requires_grad)


ACTIVATIONS = {
    nn.ReLU: "relu", nn.ReLU6: "relu6", nn.GELU: "gelu", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.SiLU: "silu",
}
FUNCTIONS = {
    functional.relu: "relu", torch.relu: "relu", functional.relu6: "relu6", functional.gelu: "gelu",
    torch.sigmoid: "sigmoid", torch.tanh: "tanh", functional.silu: "silu",
    operator.add: "add", operator.iadd: "add", torch.add: "add", operator.mul: "multiply", torch.mul: "multiply",
    torch.flatten: "reshape", torch.transpose: "reshape", torch.permute: "reshape", torch.reshape: "reshape",
    torch.cat: "concat", torch.softmax: "softmax", functional.softmax: "softmax",
}
METHODS = {
    "view": "reshape", "reshape": "reshape", "flatten": "reshape", "permute": "reshape", "transpose": "reshape",
    "contiguous": "reshape", "squeeze": "reshape", "unsqueeze": "reshape", "relu": "relu", "add": "add",
    "softmax": "softmax",
}


def add_linear(trace, name, module, inputs, output):
    """A linear layer with its own parameters."""
    return trace.add(name, "linear", inputs, output, bias=module.bias is not None or None,
                     parameters=parameter_count(module))


def add_module(trace, name, module, inputs, output):
    """Appends the layers of one leaf module and returns the name of the last one."""
    parameters = parameter_count(module) or None
    if isinstance(module, nn.Conv2d):
        return trace.add(name, "conv2d", inputs, output, **_window(module),
                         groups=module.groups if module.groups > 1 else None,
                         bias=module.bias is not None or None, parameters=parameters)
    if isinstance(module, nn.Linear):
        return add_linear(trace, name, module, inputs, output)
    if isinstance(module, nn.BatchNorm2d):
        return trace.add(name, "batch_norm", inputs, output, parameters=parameters)
    if isinstance(module, nn.LayerNorm):
        return trace.add(name, "layer_norm", inputs, output, parameters=parameters)
    if isinstance(module, nn.MaxPool2d):
        return trace.add(name, "max_pool", inputs, output, **_window(module))
    if isinstance(module, nn.AvgPool2d):
        return trace.add(name, "avg_pool", inputs, output, **_window(module))
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return add_adaptive_pool(trace, name, inputs, output)
    if isinstance(module, nn.Embedding):
        return trace.add(name, "embedding", inputs, output, parameters=parameters)
    if isinstance(module, nn.Dropout):
        return trace.add(name, "dropout", inputs, output)
    if isinstance(module, nn.Softmax):
        return trace.add(name, "softmax", inputs, output)
    if isinstance(module, nn.Flatten):
        return trace.add(name, "reshape", inputs, output)
    if isinstance(module, nn.Identity):
        return inputs[0]
    for kind, word in ACTIVATIONS.items():
        if isinstance(module, kind):
            return trace.add(name, word, inputs, output)
    if isinstance(module, nn.MultiheadAttention):
        return add_attention(trace, name, module, inputs[0], output)
    if isinstance(module, nn.TransformerEncoderLayer):
        return add_encoder_layer(trace, name, module, inputs[0], output)
    raise Unsupported(f"{name}: module {type(module).__name__}")


def add_adaptive_pool(trace, name, inputs, output):
    """Adaptive average pooling: to one pixel, to the same size (nothing to do), or with an even window."""
    source = trace[inputs[0]].output
    if source[1:] == tuple(output[1:]):
        return inputs[0]
    if tuple(output[1:]) == (1, 1):
        return trace.add(name, "global_avg_pool", inputs, output)
    kernel = tuple(s // o for s, o in zip(source[1:], output[1:]))
    if any(s % o for s, o in zip(source[1:], output[1:])):
        raise Unsupported(f"{name}: adaptive pooling from {source[1:]} to {tuple(output[1:])}")
    return trace.add(name, "avg_pool", inputs, output, kernel=kernel, stride=kernel)


def add_attention(trace, name, module, source, output):
    """Self-attention as torch computes it: one projection to Q, K and V, two batched products, one projection back."""
    length, width = output
    heads, head = module.num_heads, module.embed_dim // module.num_heads
    projected = trace.add(f"{name}.in_proj", "linear", [source], (length, 3 * width), bias=True,
                          parameters=module.in_proj_weight.numel() + module.in_proj_bias.numel())
    query, key, value = (
        trace.add(f"{name}.{part}", "reshape", [projected], (heads, length, head), slice=True)
        for part in ("query", "key", "value"))
    scores = trace.add(f"{name}.scores", "matmul", [query, key], (heads, length, length), transpose_b=True)
    scaled = trace.add(f"{name}.scale", "scale", [scores], (heads, length, length))
    weights = trace.add(f"{name}.softmax", "softmax", [scaled], (heads, length, length))
    if module.dropout > 0:
        weights = trace.add(f"{name}.dropout", "dropout", [weights], (heads, length, length))
    mixed = trace.add(f"{name}.context", "matmul", [weights, value], (heads, length, head))
    joined = trace.add(f"{name}.join", "reshape", [mixed], (length, width))
    return add_linear(trace, f"{name}.out_proj", module.out_proj, [joined], output)


def add_encoder_layer(trace, name, module, source, output):
    """nn.TransformerEncoderLayer, residuals and dropouts included, in either order of normalisation."""
    def attention_block(x):
        x = add_attention(trace, f"{name}.self_attn", module.self_attn, x, output)
        return trace.add(f"{name}.dropout1", "dropout", [x], output)

    def feed_forward(x):
        hidden = (*output[:-1], module.linear1.out_features)
        x = add_linear(trace, f"{name}.linear1", module.linear1, [x], hidden)
        activation = FUNCTIONS.get(module.activation) or ACTIVATIONS.get(type(module.activation))
        if activation is None:
            raise Unsupported(f"{name}: activation {module.activation}")
        x = trace.add(f"{name}.activation", activation, [x], hidden)
        x = trace.add(f"{name}.dropout", "dropout", [x], hidden)
        x = add_linear(trace, f"{name}.linear2", module.linear2, [x], output)
        return trace.add(f"{name}.dropout2", "dropout", [x], output)

    def normalise(which, x):
        return add_module(trace, f"{name}.{which}", getattr(module, which), [x], output)

    x = source
    for number, block in ((1, attention_block), (2, feed_forward)):
        if module.norm_first:
            x = trace.add(f"{name}.add{number}", "add", [x, block(normalise(f"norm{number}", x))], output)
        else:
            x = normalise(f"norm{number}", trace.add(f"{name}.add{number}", "add", [x, block(x)], output))
    return x


