"""How each torch module becomes layers of a trace."""

from torch import nn
from torch.nn import functional

from capture import detection
from capture.attention import Cache


class Unsupported(Exception):
    """A module or function that the trace has no layer for."""


def _pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def _window(kernel, stride, padding, dilation):
    """A window's keys; defaults are left out of the file."""
    return {
        "kernel": kernel,
        "stride": stride if stride != (1, 1) else None,
        "padding": padding if padding != (0, 0) else None,
        "dilation": dilation if dilation != (1, 1) else None,
    }


def _padding(name, module, kernel):
    """Elements on each side of a convolution's input; torch also takes the words same and valid."""
    if module.padding == "valid":
        return (0,) * len(kernel)
    if module.padding == "same":
        reach = [(k - 1) * d for k, d in zip(kernel, module.dilation)]
        if any(r % 2 for r in reach):
            raise Unsupported(f"{name}: padding='same' with a window that has no middle")
        return tuple(r // 2 for r in reach)
    return module.padding


def is_rms_norm(module):
    """An RMSNorm under whatever name: every model has brought its own, and newer torch has one. It scales the last dimension."""
    parameters = list(module.parameters())
    return (type(module).__name__.endswith("RMSNorm") and next(module.children(), None) is None
            and len(parameters) <= 1 and all(p.dim() == 1 for p in parameters))


def parameter_count(module):
    """Trainable parameters of this module itself."""
    return sum(p.numel() for p in module.parameters(recurse=False) if p.requires_grad)


ACTIVATIONS = {
    nn.ReLU: "relu", nn.ReLU6: "relu6", nn.GELU: "gelu", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.SiLU: "silu",
    nn.LeakyReLU: "leaky_relu",
    functional.relu: "relu", functional.gelu: "gelu",  # as an encoder layer keeps its activation
}
def add_linear(trace, name, module, inputs, output):
    """A linear layer with its own parameters."""
    return trace.add(name, "linear", inputs, output, bias=module.bias is not None or None,
                     parameters=parameter_count(module))


def add_module(trace, name, module, inputs, output):
    """Appends the layers of one leaf module and returns the name of the last one."""
    parameters = parameter_count(module) or None
    if isinstance(module, nn.Conv2d):
        return add_conv(trace, name, module, inputs, output)
    if isinstance(module, nn.Conv1d):
        return add_conv1d(trace, name, module, inputs[0], output)
    if isinstance(module, nn.Linear):
        return add_linear(trace, name, module, inputs, output)
    if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
        return trace.add(name, "batch_norm", inputs, output, parameters=parameters)
    if isinstance(module, nn.LayerNorm):
        if len(module.normalized_shape) != 1:
            raise Unsupported(f"{name}: LayerNorm over {len(module.normalized_shape)} dimensions; one has a layer kind")
        return trace.add(name, "layer_norm", inputs, output, parameters=parameters)
    if is_rms_norm(module):
        return trace.add(name, "rms_norm", inputs, output, parameters=parameters)
    if isinstance(module, detection.ScaledL2Norm):
        return trace.add(name, "l2_norm", inputs, output, parameters=parameters)
    if isinstance(module, Cache):
        return trace.add(name, "cache", inputs, output)
    if isinstance(module, detection.Loss):
        return trace.add(name, module.kind, inputs, (1,), **module.attributes)
    if isinstance(module, nn.Upsample):
        return add_upsample(trace, name, module, inputs, output)
    if isinstance(module, nn.MaxPool2d):
        far = getattr(module, "far_padding", None)
        padding = _pair(module.padding) if far is None else (*_pair(module.padding), *far)
        return add_pool(trace, name, "max_pool", module.kernel_size, module.stride, padding, module.dilation,
                        module.ceil_mode, inputs, output)
    if isinstance(module, nn.AvgPool2d):
        return add_pool(trace, name, "avg_pool", module.kernel_size, module.stride, module.padding, 1,
                        module.ceil_mode, inputs, output)
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return add_adaptive_pool(trace, name, inputs, output)
    if isinstance(module, nn.Embedding):
        return trace.add(name, "embedding", inputs, output, parameters=parameters)
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return trace.add(name, "dropout", inputs, output)
    if isinstance(module, nn.Softmax):
        return trace.add(name, "softmax", inputs, output)
    if isinstance(module, (nn.Flatten, nn.Unflatten)):
        return trace.add(name, "reshape", inputs, output)
    if isinstance(module, nn.Identity):
        return inputs[0]
    if type(module) in ACTIVATIONS:
        slope = module.negative_slope if isinstance(module, nn.LeakyReLU) else None
        return trace.add(name, ACTIVATIONS[type(module)], inputs, output, slope=slope)
    if isinstance(module, nn.MultiheadAttention):
        if len(inputs) != 1:
            raise Unsupported(f"{name}: MultiheadAttention between different tensors, or with a mask")
        return add_attention(trace, name, module, inputs[0], output)
    if isinstance(module, nn.TransformerEncoderLayer):
        if len(inputs) != 1:
            raise Unsupported(f"{name}: TransformerEncoderLayer with a mask")
        return add_encoder_layer(trace, name, module, inputs[0], output)
    raise Unsupported(f"{name}: module {type(module).__name__}")


def add_conv(trace, name, module, inputs, output):
    """A convolution of images."""
    kernel = module.kernel_size
    return trace.add(name, "conv2d", inputs, output,
                     **_window(kernel, module.stride, _padding(name, module, kernel), module.dilation),
                     groups=module.groups if module.groups > 1 else None,
                     bias=module.bias is not None or None, parameters=parameter_count(module))


def add_conv1d(trace, name, module, source, output):
    """A convolution of sequences: of images of one row."""
    channels, length = trace[source].output
    image = trace.add(f"{name}.image", "reshape", [source], (channels, 1, length))
    made = trace.add(f"{name}.conv", "conv2d", [image], (output[0], 1, output[1]),
                     **_window((1, *module.kernel_size), (1, *module.stride),
                               (0, *_padding(name, module, module.kernel_size)), (1, *module.dilation)),
                     groups=module.groups if module.groups > 1 else None,
                     bias=module.bias is not None or None, parameters=parameter_count(module))
    return trace.add(name, "reshape", [made], output)


def add_pool(trace, name, kind, kernel, stride, padding, dilation, ceil, inputs, output):
    """A pool; ceil is written only where rounding up makes the output larger."""
    kernel, padding, dilation = _pair(kernel), _pair(padding), _pair(dilation)
    stride = _pair(stride) if stride else kernel
    both = tuple(2 * p for p in padding) if len(padding) == 2 else tuple(a + b for a, b in zip(padding, padding[2:]))
    down = tuple((n + p - (k - 1) * d - 1) // s + 1 for n, k, s, p, d in
                 zip(trace[inputs[0]].output[1:], kernel, stride, both, dilation))
    return trace.add(name, kind, inputs, output, **_window(kernel, stride, padding, dilation),
                     ceil=True if ceil and down != tuple(output[1:]) else None)


def add_upsample(trace, name, module, inputs, output):
    """Every pixel repeated; other ways to upsample compute."""
    source = trace[inputs[0]].output
    if module.mode != "nearest" or len(output) != 3 or any(o % s for o, s in zip(output, source)):
        raise Unsupported(f"{name}: Upsample of mode {module.mode} from {list(source)} to {list(output)}; "
                          "images grow by whole factors, to the nearest")
    return trace.add(name, "upsample", inputs, output)


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
    if module.in_proj_weight is None or module.bias_k is not None or module.add_zero_attn:
        raise Unsupported(f"{name}: MultiheadAttention with kdim, vdim, add_bias_kv or add_zero_attn")
    length, width = output
    biased = module.in_proj_bias is not None
    heads, head = module.num_heads, module.embed_dim // module.num_heads
    projected = trace.add(f"{name}.in_proj", "linear", [source], (length, 3 * width), bias=biased or None,
                          parameters=parameter_count(module))
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
        activation = ACTIVATIONS.get(module.activation) or ACTIVATIONS.get(type(module.activation))
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


