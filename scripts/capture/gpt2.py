"""GPT-2: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019; the smallest of its four models."""

import torch
from torch import nn

from capture.attention import Heads, causal_mask


class Block(nn.Module):
    """Masked attention and feed-forward, each behind its layer norm and inside a residual."""

    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.projection = nn.Linear(width, 3 * width)
        self.heads = Heads(width, heads)
        self.out = nn.Linear(width, width)
        self.dropout1, self.dropout2 = nn.Dropout(0.1), nn.Dropout(0.1)
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x, length, mask):
        query, key, value = self.projection(self.norm1(x)).chunk(3, dim=-1)
        x = x + self.dropout1(self.out(self.heads(query, key, value, (length, length), mask)))
        return x + self.dropout2(self.feed_forward(self.norm2(x)))


class Gpt2(nn.Module):
    """Token and position tables, blocks, a last norm, and an output matrix that is the token table."""

    def __init__(self, layers=12, width=768, heads=12, length=1024, vocabulary=50257):
        super().__init__()
        self.length = length
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(1024, width)
        self.dropout = nn.Dropout(0.1)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight
        self.register_buffer("mask", causal_mask(length))

    def forward(self, tokens, positions):
        x = self.dropout(self.tokens(tokens) + self.positions(positions))
        for block in self.blocks:
            x = block(x, self.length, self.mask)
        return self.head(self.norm(x))

    def example_inputs(self, batch):
        """Token and position indices."""
        return (torch.zeros(batch, self.length, dtype=torch.long), torch.arange(self.length).repeat(batch, 1))


def gpt2():
    """GPT-2 small with its whole context of 1024 tokens."""
    return Gpt2()
