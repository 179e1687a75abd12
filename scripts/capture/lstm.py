"""Recurrent networks: language models and an acoustic model."""

import torch
from torch import nn


class LanguageModel(nn.Module):
    """Zaremba, Sutskever, Vinyals: "Recurrent Neural Network Regularization", 2014, arXiv 1409.2329: two LSTM layers over
    sequences of 35 words of the Penn Treebank, vocabulary 10,000, dropout before, between and behind them. (Sizes, steps
    and rates from memory.)"""

    def __init__(self, units, dropout, length=35, vocabulary=10000):
        super().__init__()
        self.length = length
        self.words = nn.Embedding(vocabulary, units)
        self.before, self.behind = nn.Dropout(dropout), nn.Dropout(dropout)
        self.lstm = nn.LSTM(units, units, num_layers=2, dropout=dropout, batch_first=True)
        self.head = nn.Linear(units, vocabulary)

    def forward(self, words):
        states, _ = self.lstm(self.before(self.words(words)))
        return self.head(self.behind(states))

    def example_inputs(self, batch):
        return (torch.zeros(batch, self.length, dtype=torch.long),)


def lstm_ptb():
    """The paper's medium model: 650 units a layer."""
    return LanguageModel(650, 0.5)


def lstm_ptb_large():
    """The paper's large model: 1500 units a layer."""
    return LanguageModel(1500, 0.65)


class AcousticModel(nn.Module):
    """IBM's acoustic model for Switchboard: Zhang, Cui, Finkler, Kingsbury, Saon, Kung, Picheny: "Distributed Deep Learning
    Strategies for Automatic Speech Recognition", ICASSP 2019, arXiv 1904.04956: bidirectional LSTM layers of 512 units in
    each direction over 21 frames of 260 features, a linear projection to 256, 32,000 states of context-dependent
    phones. The paper has six layers and about 43 million parameters; the low-precision papers (HFP8, NeurIPS 2019) train
    one of four. (All of this from memory.)"""

    def __init__(self, layers, frames=21, features=260, units=512, bottleneck=256, states=32000):
        super().__init__()
        self.frames, self.features = frames, features
        self.lstm = nn.LSTM(features, units, num_layers=layers, bidirectional=True, batch_first=True)
        self.projection = nn.Linear(2 * units, bottleneck)
        self.head = nn.Linear(bottleneck, states)

    def forward(self, frames):
        states, _ = self.lstm(frames)
        return self.head(self.projection(states))

    def example_inputs(self, batch):
        return (torch.zeros(batch, self.frames, self.features),)


def bilstm_swb300():
    """Four layers, as in the low-precision papers."""
    return AcousticModel(4)


def bilstm_swb300_6():
    """Six layers, as in the paper of the model."""
    return AcousticModel(6)
