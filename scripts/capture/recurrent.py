"""nn.LSTM as layers of a trace: one `lstm` for each layer and direction."""

from capture.modules import Unsupported


def _parameters(module, layer, suffix):
    return sum(p.numel() for name, p in module.named_parameters() if name.endswith(f"_l{layer}{suffix}"))


def add_lstm(trace, name, module, inputs):
    """All layers; both directions of a bidirectional one read the same sequence and are joined by features."""
    if len(inputs) != 1:
        raise Unsupported(f"{name}: LSTM with an initial state of the model's own")
    if module.proj_size:
        raise Unsupported(f"{name}: LSTM with proj_size")
    x, length = inputs[0], trace[inputs[0]].output[0]
    for layer in range(module.num_layers):
        directions = [
            trace.add(f"{name}.l{layer}{suffix}", "lstm", [x], (length, module.hidden_size),
                      reverse=True if suffix else None, bias=module.bias or None,
                      parameters=_parameters(module, layer, suffix))
            for suffix in (("", "_reverse") if module.bidirectional else ("",))]
        x = directions[0]
        if module.bidirectional:
            x = trace.add(f"{name}.l{layer}.both", "concat", directions, (length, 2 * module.hidden_size))
        if module.dropout > 0 and layer + 1 < module.num_layers:
            x = trace.add(f"{name}.l{layer}.dropout", "dropout", [x], trace[x].output)
    return x
