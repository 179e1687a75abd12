"""Multi-head attention written out, for models whose attention has a mask or reads two sequences."""

import math

import torch
from torch import nn


def causal_mask(length):
    """What is added to the scores so that no position sees a later one."""
    return torch.full((length, length), -math.inf).triu(1)


class Cache(nn.Module):
    """Keys or values of `length` positions, [heads, length, width]: all but the newest were computed before."""

    def __init__(self, length):
        super().__init__()
        self.length = length

    def forward(self, newest):
        batch, heads, positions, width = newest.shape
        return torch.cat((newest.new_zeros(batch, heads, self.length - positions, width), newest), dim=2)


class Heads(nn.Module):
    """Scores, mask, softmax, dropout and mixing, over heads that are split from and joined to one width."""

    def __init__(self, width, heads, dropout=0.1):
        super().__init__()
        self.width, self.heads = width, heads
        self.softmax = nn.Softmax(dim=-1)
        self.dropout = nn.Dropout(dropout)

    def split(self, x, length):
        return x.view(-1, length, self.heads, self.width // self.heads).transpose(1, 2)

    def forward(self, query, key, value, lengths, mask):
        rows, columns = lengths
        query, key, value = self.split(query, rows), self.split(key, columns), self.split(value, columns)
        scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(self.width // self.heads)
        if mask is not None:
            scores = scores + mask
        mixed = torch.matmul(self.dropout(self.softmax(scores)), value)
        return mixed.transpose(1, 2).reshape(-1, rows, self.width)
