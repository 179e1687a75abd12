"""Zero fractions of activations and gradients, measured on a real forward and backward pass."""

import torch


def zero_fraction(tensor):
    """Share of exact zeros, 0 to 1."""
    return float((tensor == 0).float().mean())


def measure(model, inputs, target, layer_of_module, trace):
    """Runs one training pass and writes activation_zeros and gradient_zeros into the trace's layers.

    Needs a trained model and real data to mean anything: an untrained network on noise is not sparse in the way that
    a trained one is.
    """
    hooks = []

    def watch(name):
        def forward(_module, _inputs, output):
            trace[name].attributes["activation_zeros"] = zero_fraction(output)
            if output.requires_grad:
                output.register_hook(lambda gradient: trace[name].attributes.update(
                    gradient_zeros=zero_fraction(gradient)))
        return forward

    for target_name, layer in layer_of_module.items():
        module = model.get_submodule(target_name)
        if hasattr(module, "inplace"):
            module.inplace = False
        hooks.append(module.register_forward_hook(watch(layer)))
    model.train()
    output = model(*inputs)
    torch.nn.functional.cross_entropy(output.flatten(0, -2), target.flatten()).backward()
    for hook in hooks:
        hook.remove()
