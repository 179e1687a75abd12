"""The shape of every tensor in a module's graph, for one sample."""

import copy

import torch
from torch import fx

BATCHES = (2, 3)


class _Recorder(fx.Interpreter):
    """Runs a graph and keeps the shapes of what its nodes give."""

    def __init__(self, graph):
        super().__init__(graph)
        self.shapes = {}
        self.several = set()

    def run_node(self, node):
        result = super().run_node(node)
        if isinstance(result, torch.Tensor):
            self.shapes[node] = tuple(result.shape)
        elif isinstance(result, (tuple, list)) and any(isinstance(item, torch.Tensor) for item in result):
            self.several.add(node)
        return result


def _record(graph, example_inputs, device):
    """One recorder for each batch."""
    recorders = []
    for batch in BATCHES:
        recorder = _Recorder(graph)
        with torch.no_grad():
            recorder.run(*(tensor.to(device) for tensor in example_inputs(batch)))
        recorders.append(recorder)
    return recorders


class Shapes:
    """Shapes from running the graph with two batches: the dimension that grows with the batch is the batch.

    So a sample's shape is known wherever the batch stands, also when it is merged with another dimension
    (`x.view(batch * tokens, width)` is [tokens, width] for a sample). What does not grow is a constant.
    """

    def __init__(self, graph, example_inputs):
        try:  # shapes alone, without the arithmetic: seconds where a large model would take minutes
            recorders = _record(copy.deepcopy(graph).to("meta"), example_inputs, "meta")
        except (NotImplementedError, RuntimeError):  # an operation that torch has no shape rule for: run it
            recorders = _record(graph, example_inputs, "cpu")
        # A copy has nodes of its own, under the same names.
        nodes = {node.name: node for node in graph.graph.nodes}
        self._runs = [{nodes[node.name]: shape for node, shape in recorder.shapes.items()} for recorder in recorders]
        self.several = {nodes[node.name] for node in recorders[-1].several}  # nodes that give several tensors

    def __contains__(self, node):
        """Whether the node gives a tensor."""
        return node in self._runs[0]

    def batch_dimension(self, node):
        """Which dimension grows with the batch; None for a constant."""
        small, large = (run[node] for run in self._runs)
        growing = [d for d, (a, b) in enumerate(zip(small, large)) if a != b]
        if not growing:
            return None
        d = growing[0]
        if len(growing) > 1 or small[d] * BATCHES[1] != large[d] * BATCHES[0]:
            raise ValueError(f"{node.name}: its shape is {list(small)} for {BATCHES[0]} samples and {list(large)} for "
                             f"{BATCHES[1]}; only one dimension may grow, in proportion")
        return d

    def full(self, node):
        """The shape of the whole batch, as the node's arguments count its dimensions."""
        return self._runs[0][node]

    def sample(self, node):
        """The shape for one sample: without the batch, or without a constant's leading 1."""
        shape, batch = list(self._runs[0][node]), self.batch_dimension(node)
        if batch is not None:
            shape[batch] //= BATCHES[0]
            if shape[batch] == 1:
                del shape[batch]
        elif len(shape) > 1 and shape[0] == 1:
            del shape[0]
        return tuple(shape) or (1,)
