"""Captures a torch.nn.Module as a layer trace (schema: workloads/README.md)."""
