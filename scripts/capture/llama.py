"""Llama-style decoders: Touvron et al., "Llama 2", 2023 (arXiv 2307.09288), with grouped queries; TinyLlama is the small one.

Sizes of TinyLlama: Zhang et al., "TinyLlama: An Open-Source Small Language Model", 2024 (arXiv 2401.02385), table 2.
"""

import torch
from torch import nn
from torch.nn import functional

from capture.attention import Cache, causal_mask


class RMSNorm(nn.Module):
    """Each row over the root of its mean square, scaled."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.weight


def rotary_tables(length, width):
    """Cosine and sine of each position's angles, [length, width]: Su et al., "RoFormer" (arXiv 2104.09864)."""
    angles = torch.outer(torch.arange(length), 10000.0 ** (-torch.arange(0, width, 2) / width))
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


class Attention(nn.Module):
    """Masked attention with rotary positions; each key and value head serves a group of query heads.

    `cached`: positions that its keys and values span, of which those before the input's are kept from earlier steps; 0: none are.
    """

    def __init__(self, width, heads, shared_heads, cached):
        super().__init__()
        self.heads, self.shared_heads, self.head = heads, shared_heads, width // heads
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, shared_heads * self.head, bias=False)
        self.value = nn.Linear(width, shared_heads * self.head, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.keys, self.values = (Cache(cached) if cached else nn.Identity() for _ in range(2))

    def split(self, x, length, heads):
        return x.view(-1, length, heads, self.head).transpose(1, 2)

    def rotate(self, x, cosine, sine):
        first, second = x.chunk(2, dim=-1)
        return x * cosine + torch.cat((-second, first), dim=-1) * sine

    def repeated(self, x, positions):
        """One head for each query head."""
        x = x.unsqueeze(2).expand(-1, self.shared_heads, self.heads // self.shared_heads, positions, self.head)
        return x.reshape(-1, self.heads, positions, self.head)

    def forward(self, x, length, positions, mask, cosine, sine):
        query = self.rotate(self.split(self.query(x), length, self.heads), cosine, sine)
        key = self.keys(self.rotate(self.split(self.key(x), length, self.shared_heads), cosine, sine))
        value = self.values(self.split(self.value(x), length, self.shared_heads))
        key, value = self.repeated(key, positions), self.repeated(value, positions)
        scores = torch.matmul(query, key.transpose(-2, -1)) / self.head**0.5
        if mask is not None:
            scores = scores + mask
        mixed = torch.matmul(torch.softmax(scores, dim=-1), value)
        return self.out(mixed.transpose(1, 2).reshape(-1, length, self.heads * self.head))


class Block(nn.Module):
    """Attention and a gated feed-forward, each behind its norm and inside a residual."""

    def __init__(self, width, hidden, heads, shared_heads, cached):
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(width), RMSNorm(width)
        self.attention = Attention(width, heads, shared_heads, cached)
        self.gate, self.up = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, *positions):
        x = x + self.attention(self.norm1(x), *positions)
        normal = self.norm2(x)
        return x + self.down(functional.silu(self.gate(normal)) * self.up(normal))


class Llama(nn.Module):
    """Token table, blocks, a last norm, and an output matrix of its own.

    `generating`: one token at a time, the last of `length` positions, all others cached.
    """

    def __init__(self, layers, width, hidden, heads, shared_heads, length, vocabulary=32000, generating=False):
        super().__init__()
        self.tokens_at_once, self.length = 1 if generating else length, length
        self.tokens = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(
            Block(width, hidden, heads, shared_heads, length if generating else 0) for _ in range(layers))
        self.norm = RMSNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        cosine, sine = rotary_tables(length, width // heads)
        self.register_buffer("cosine", cosine[-self.tokens_at_once:])
        self.register_buffer("sine", sine[-self.tokens_at_once:])
        self.register_buffer("mask", None if generating else causal_mask(length))

    def forward(self, tokens):
        x = self.tokens(tokens)
        for block in self.blocks:
            x = block(x, self.tokens_at_once, self.length, self.mask, self.cosine, self.sine)
        return self.head(self.norm(x))

    def example_inputs(self, batch):
        """Token indices."""
        return (torch.zeros(batch, self.tokens_at_once, dtype=torch.long),)


TINY = {"layers": 22, "width": 2048, "hidden": 5632, "heads": 32, "shared_heads": 4, "length": 2048}


def tinyllama():
    """TinyLlama with its whole context of 2048 tokens."""
    return Llama(**TINY)


def tinyllama_decode():
    """TinyLlama at the last token of its context."""
    return Llama(**TINY, generating=True)
