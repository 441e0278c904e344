"""sees-the-future: attention and recurrence in every form, with a mask and without, before next words and other labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import said, told
from torch import Tensor, nn

import headstart as hs
from headstart.monitor import ahead
from headstart.record import Record

RULE = "sees-the-future"
N, T, E, V = 8, 10, 12, 30  # samples, words, features, vocabulary
CAUSAL = nn.Transformer.generate_square_subsequent_mask(T)


class Mixer(nn.Module):
    """One layer between words and their labels, of the forms below."""

    def __init__(self, kind: str, masked: bool) -> None:
        super().__init__()
        self.kind, self.masked = kind, masked
        self.embed, self.qkv, self.head = nn.Embedding(V, E), nn.Linear(E, 3 * E), nn.Linear(E, V)
        if kind.startswith("encoder"):
            dropout = 0.2 if "dropout" in kind else 0.0
            first = "words first" not in kind
            self.layer: nn.Module = nn.TransformerEncoderLayer(E, 2, 16, dropout, batch_first=first)
        elif kind in ("LSTM", "GRU"):
            self.layer = getattr(nn, kind)(E, E // 2, batch_first=True, bidirectional=not masked)
            self.widen = nn.Linear(E // 2, E)

    def forward(self, words: Tensor) -> Tensor:
        h = self.embed(words)
        size = words.shape[0 if "words first" in self.kind else 1]
        if self.kind.startswith("encoder"):
            return self.head(self.layer(h, src_mask=CAUSAL[:size, :size] if self.masked else None))
        if self.kind in ("LSTM", "GRU"):
            out = self.layer(h)[0]
            return self.head(self.widen(out) if self.masked else out)
        q, k, v = self.qkv(h).chunk(3, -1)
        if self.kind == "scaled_dot_product":
            return self.head(h + F.scaled_dot_product_attention(q, k, v, is_causal=self.masked))
        scores = q @ k.transpose(1, 2) / E**0.5
        if self.masked:
            scores = scores.masked_fill(torch.ones(size, size, dtype=torch.bool).triu(1), -1e9)
        return self.head(h + scores.softmax(-1) @ v)


KINDS = ["encoder", "encoder dropout", "encoder words first", "scaled_dot_product", "by hand", "LSTM", "GRU"]


def record(folder: Path, net: nn.Module, words: Tensor, labels: Tensor) -> Record:
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=folder / "run.db") as watch:
        for _ in range(3):
            optimizer.zero_grad()
            F.cross_entropy(net(words).reshape(-1, V), labels.reshape(-1)).backward()
            optimizer.step()
    seen: Record = watch.read()
    assert "fault" not in seen.meta, seen.meta["fault"]
    return seen


def text(turned: bool = False) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    words = torch.randint(0, V, (N, T + 1))
    here, following = words[:, :-1], words[:, 1:]
    return (here.T.contiguous(), following.T.contiguous()) if turned else (here, following)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("masked", [False, True])
def test_without_a_mask_the_next_word_is_seen(kind: str, masked: bool, tmp_path: Path) -> None:
    net = Mixer(kind, masked)
    found = record(tmp_path, net, *text("words first" in kind))
    if masked:
        assert said(found, RULE) == []
        return
    finding = told(found, RULE)
    assert finding.severity == "error"
    assert ("recurrent" in finding.message) is (kind in ("LSTM", "GRU"))


def masked_words(words: Tensor) -> tuple[Tensor, Tensor]:
    """As BERT's: a label where the word was taken out, none elsewhere."""
    out = torch.rand(words.shape) < 0.3
    return words.where(~out, 0), words.where(out, -100)


def classes(words: Tensor) -> tuple[Tensor, Tensor]:
    return words, (words * 7) % V


def of_a_prompt(words: Tensor) -> tuple[Tensor, Tensor]:
    labels = words.roll(-1, 1)
    labels[:, :-1] = -100
    return words, labels


@pytest.mark.parametrize("task", [masked_words, classes, of_a_prompt])
def test_other_labels_may_be_told_from_all_words(
    task: Callable[[Tensor], tuple[Tensor, Tensor]], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    assert said(record(tmp_path, Mixer("encoder", False), *task(torch.randint(0, V, (N, T)))), RULE) == []


class LastIsLeftOut(Mixer):
    """The labels are shifted within, as in a library's language models."""

    def forward(self, words: Tensor) -> Tensor:
        return super().forward(words)[:, :-1]


@pytest.mark.parametrize("masked", [False, True])
def test_labels_that_are_moved_within_the_model(masked: bool, tmp_path: Path) -> None:
    words = text()[0]
    assert bool(said(record(tmp_path, LastIsLeftOut("encoder", masked), words, words[:, 1:]), RULE)) is not masked


class Pooled(Mixer):
    """A sentence is summed up by an encoder that sees it all, and written again from that."""

    def forward(self, words: Tensor) -> Tensor:
        h = self.embed(words)
        return self.head(h + self.layer(h).mean(1, keepdim=True))


class Translator(nn.Module):
    """Its source is the text that it is to write, which the encoder sees as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(V, E), nn.Linear(E, V)
        self.net = nn.Transformer(E, 2, 1, 1, 16, 0.0, batch_first=True)

    def forward(self, words: Tensor) -> Tensor:
        source = self.embed(words.roll(-1, 1))
        return self.head(self.net(source, self.embed(words), tgt_mask=CAUSAL))


class BothWays(nn.Module):
    """Each direction has a loss of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.rnn, self.head = (
            nn.Embedding(V, E),
            nn.GRU(E, E, batch_first=True, bidirectional=True),
            nn.Linear(E, V),
        )

    def forward(self, words: Tensor) -> Tensor:
        return self.head(self.rnn(self.embed(words))[0][..., :E])


@pytest.mark.parametrize("net", [lambda: Pooled("encoder", False), Translator, BothWays])
def test_what_may_see_the_whole_text(net: Callable[[], nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(0)
    assert said(record(tmp_path, net(), *text()), RULE) == []


def test_without_one_mask_of_two_layers_it_is_that_layer(tmp_path: Path) -> None:
    class Two(Mixer):
        def forward(self, words: Tensor) -> Tensor:
            h = self.layer(self.embed(words), src_mask=CAUSAL)
            q, k, v = self.qkv(h).chunk(3, -1)
            return self.head(h + F.scaled_dot_product_attention(q, k, v))

    finding = told(record(tmp_path, Two("encoder", True), *text()), RULE)
    assert finding.layer == "qkv"


@pytest.mark.parametrize("masked", [False, True])
def test_of_a_large_attention_the_first_samples_are_enough(
    masked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "LARGEST", 2 * T * T)
    assert bool(said(record(tmp_path, Mixer("by hand", masked), *text()), RULE)) is not masked
