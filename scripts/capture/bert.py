"""BERT: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", NAACL 2019,
arXiv 1810.04805."""

import torch
from torch import nn


class Bert(nn.Module):
    """BERT (Devlin et al. 2019) out of torch's own modules: embeddings, nn.TransformerEncoderLayer, and the masked-language-model
    head whose output matrix is the token embedding."""

    def __init__(self, layers=12, width=768, heads=12, hidden=3072, length=128, vocabulary=30522):
        super().__init__()
        self.length = length
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(512, width)
        self.segments = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(0.1)
        self.encoder = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, hidden, dropout=0.1, activation="gelu", batch_first=True)
            for _ in range(layers))
        self.transform = nn.Linear(width, width)
        self.gelu = nn.GELU()
        self.head_norm = nn.LayerNorm(width)
        self.decoder = nn.Linear(width, vocabulary)
        self.decoder.weight = self.tokens.weight

    def forward(self, tokens, positions, segments):
        x = self.tokens(tokens) + self.positions(positions) + self.segments(segments)
        x = self.dropout(self.norm(x))
        for layer in self.encoder:
            x = layer(x)
        return self.decoder(self.head_norm(self.gelu(self.transform(x))))

    def example_inputs(self, batch):
        """Token, position and segment indices."""
        return (torch.zeros(batch, self.length, dtype=torch.long),
                torch.arange(self.length).repeat(batch, 1),
                torch.zeros(batch, self.length, dtype=torch.long))


def bert_base():
    """BERT-base with sequences of 128 tokens, as in the first phase of its pre-training."""
    return Bert()


def bert_large_128():
    """BERT-large with sequences of 128 tokens: the first phase of its pre-training."""
    return Bert(layers=24, width=1024, heads=16, hidden=4096)


def bert_large_512():
    """BERT-large with sequences of 512 tokens: the second phase."""
    return Bert(layers=24, width=1024, heads=16, hidden=4096, length=512)
