"""The examples in the docstrings of the public names run, and print what they say."""

from __future__ import annotations

import doctest
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import headstart as hs

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
from sitegen import reference

NAMES = [name for names in reference.SUBJECTS.values() for name in names if name != "__version__"]
PLACES = [place for places in reference.VALUES.values() for place in places]
VALUES = {
    f"norm.{name}" for name in ("Change", "Kept", "Moments", "Placement", "Placements", "Report")
}  # that calls give
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    """Images (512, 1, 28, 28) from 0 to 1, and their classes."""
    data = hs.mnist()
    return data.train_images[:512].unsqueeze(1) / 255, data.train_labels[:512].long()


@pytest.fixture
def reader(digits: tuple[Tensor, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a reader of the docs has before an example begins."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    images, labels = digits
    loader = list(zip(images.split(64), labels.split(64), strict=True))
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    cnn = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(5408, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def train(model: nn.Module) -> None:
        for _ in range(4):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()

    made = {"labels": labels, "loader": loader, "model": model, "cnn": cnn, "optimizer": optimizer, "train": train}
    return {"hs": hs, "torch": torch, "nn": nn, "images": images, **made}


def value_of(name: str) -> Any:
    return reference.found(name) if ":" in name else reference.named(name)


def examples(value: Any) -> Iterator[doctest.DocTest]:
    """Those of its docstring; of a class, of its members' as well."""
    for found in doctest.DocTestFinder(recurse=inspect.isclass(value)).find(value, getattr(value, "__name__", "")):
        if found.examples:
            yield found


@pytest.mark.parametrize("name", [name for name in [*NAMES, *PLACES] if [*examples(value_of(name))]])
def test_the_examples_of_a_docstring_run_and_print_what_it_says(name: str, reader: dict[str, Any]) -> None:
    said: list[str] = []
    for example in examples(value_of(name)):
        example.globs = reader
        doctest.DocTestRunner(optionflags=FLAGS).run(example, out=said.append)
    assert "".join(said) == ""


@pytest.mark.parametrize("name", sorted(set(NAMES) - VALUES))
def test_every_name_that_one_calls_has_an_example(name: str) -> None:
    value = value_of(name)
    assert inspect.ismodule(value) or ">>>" in (inspect.getdoc(value) or "")


def test_there_is_no_example_that_is_not_run() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(hs.__file__).parent.rglob("*.py")]
    written = sum(len(re.findall(r"^ *>>> ", text, re.MULTILINE)) for text in texts)
    assert written == sum(len(found.examples) for name in [*NAMES, *PLACES] for found in examples(value_of(name)))


def test_an_example_that_prints_something_else_is_found(reader: dict[str, Any]) -> None:
    def wrong() -> None:
        """Example:
        >>> 1 + 1
        3
        """

    (example,) = examples(wrong)
    assert doctest.DocTestRunner(optionflags=FLAGS).run(example, out=lambda text: None).failed == 1
