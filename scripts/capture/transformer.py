"""The Transformer: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv 1706.03762; the base model, for translation from
English to German with a shared vocabulary of 37,000 byte pairs."""

import torch
from torch import nn

from capture.attention import Heads, causal_mask


class Attention(nn.Module):
    """Four projections around the heads; the keys and values may be another sequence's."""

    def __init__(self, width, heads):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.heads = Heads(width, heads)

    def forward(self, x, memory, lengths, mask):
        return self.out(self.heads(self.query(x), self.key(memory), self.value(memory), lengths, mask))


class FeedForward(nn.Sequential):
    def __init__(self, width, hidden):
        super().__init__(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))


class EncoderLayer(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.attention, self.feed_forward = Attention(width, heads), FeedForward(width, hidden)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout1, self.dropout2 = nn.Dropout(0.1), nn.Dropout(0.1)

    def forward(self, x, length):
        x = self.norm1(x + self.dropout1(self.attention(x, x, (length, length), None)))
        return self.norm2(x + self.dropout2(self.feed_forward(x)))


class DecoderLayer(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.own, self.cross = Attention(width, heads), Attention(width, heads)
        self.feed_forward = FeedForward(width, hidden)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.dropout1, self.dropout2, self.dropout3 = (nn.Dropout(0.1) for _ in range(3))

    def forward(self, x, memory, length, mask):
        x = self.norm1(x + self.dropout1(self.own(x, x, (length, length), mask)))
        x = self.norm2(x + self.dropout2(self.cross(x, memory, (length, length), None)))
        return self.norm3(x + self.dropout3(self.feed_forward(x)))


class Transformer(nn.Module):
    """Encoder and decoder over sequences of one length; one table embeds both languages and is the output matrix.

    Positions are the paper's fixed sinusoids, so a constant that is added, not a parameter.
    """

    def __init__(self, layers=6, width=512, heads=8, hidden=2048, length=64, vocabulary=37000):
        super().__init__()
        self.length, self.root = length, width ** 0.5
        self.tokens = nn.Embedding(vocabulary, width)
        self.encoder = nn.ModuleList(EncoderLayer(width, heads, hidden) for _ in range(layers))
        self.decoder = nn.ModuleList(DecoderLayer(width, heads, hidden) for _ in range(layers))
        self.dropout1, self.dropout2 = nn.Dropout(0.1), nn.Dropout(0.1)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight
        self.register_buffer("mask", causal_mask(length))
        angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
        self.register_buffer("positions", torch.stack((angles.sin(), angles.cos()), -1).reshape(length, width))

    def forward(self, source, target):
        memory = self.dropout1(self.tokens(source) * self.root + self.positions)
        for layer in self.encoder:
            memory = layer(memory, self.length)
        x = self.dropout2(self.tokens(target) * self.root + self.positions)
        for layer in self.decoder:
            x = layer(x, memory, self.length, self.mask)
        return self.head(x)

    def example_inputs(self, batch):
        """Tokens of the source, and of the target shifted by one."""
        return tuple(torch.zeros(batch, self.length, dtype=torch.long) for _ in range(2))


def transformer_base():
    """The base model on 64 tokens of each language."""
    return Transformer()
