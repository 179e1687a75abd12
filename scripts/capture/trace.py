"""The trace that is being built: layers in execution order, written as YAML."""

import dataclasses
import json


@dataclasses.dataclass
class Layer:
    """One layer; shapes are of one sample, without the batch dimension."""

    name: str
    kind: str
    inputs: list
    output: tuple
    attributes: dict = dataclasses.field(default_factory=dict)

    def to_yaml(self):
        """One line of flow-style YAML."""
        parts = [f"name: {self.name}", f"kind: {self.kind}"]
        if self.inputs:
            parts.append(f"inputs: [{', '.join(self.inputs)}]")
        parts.append(f"output: [{', '.join(str(n) for n in self.output)}]")
        for key, value in self.attributes.items():
            if isinstance(value, (tuple, list)):
                value = f"[{', '.join(str(n) for n in value)}]"
            elif isinstance(value, bool):
                value = "true" if value else "false"
            elif isinstance(value, float):
                value = f"{value:.4f}"
            parts.append(f"{key}: {value}")
        return "  - {" + ", ".join(parts) + "}"


class Trace:
    """Layers in the order in which they run; names are unique."""

    def __init__(self):
        self.layers = []
        self._by_name = {}

    def add(self, name, kind, inputs, output, **attributes):
        """Appends a layer and returns its name (made unique if it is taken)."""
        unique, n = name, 1
        while unique in self._by_name:
            n += 1
            unique = f"{name}.{n}"
        layer = Layer(unique, kind, list(inputs), tuple(int(n) for n in output),
                      {k: v for k, v in attributes.items() if v is not None})
        self.layers.append(layer)
        self._by_name[unique] = layer
        return unique

    def __getitem__(self, name):
        return self._by_name[name]

    def drop_unread_views(self):
        """Views that nothing reads are no work: a slice that the model unpacks and leaves."""
        while True:
            read = {source for layer in self.layers for source in layer.inputs}
            kept = [layer for layer in self.layers if layer.name in read or layer.kind != "reshape"]
            if len(kept) == len(self.layers):
                return
            self.layers = kept

    def write(self, path, name, description, origin, command):
        """Writes the whole file at once."""
        lines = [
            f"# Captured by: {command}",
            "schema: nibble/network/1",
            f"name: {name}",
            f"description: {json.dumps(description, ensure_ascii=False)}",
            f"origin: {json.dumps(origin, ensure_ascii=False)}",
            "layers:",
        ]
        lines += [layer.to_yaml() for layer in self.layers]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
