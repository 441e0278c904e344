"""What a rule says of layers that are named by bare numbers, as those of an nn.Sequential are."""

from __future__ import annotations

import pytest

from headstart.diagnosis.text import Text

TEXT = Text(
    en={
        "first": "{layer} gives zero. {source} does not.",
        "within": "The inputs of {layer} have mean {mean:number}.",
        "several": "It stands behind {places}.",
        "labels": "These are {values}.",
        "note": "{layer} follows",
    },
    zh={
        "first": "{layer} 输出零。{source} 不是。",
        "within": "{layer} 的输入均值为 {mean:number}。",
        "several": "它在 {places} 之后。",
        "labels": "这些是 {values}。",
        "note": "其后是 {layer}",
    },
)
NUMBERED = frozenset({"0", "2", "4.conv"})


@pytest.mark.parametrize(
    ("key", "fields", "english", "chinese"),
    [
        ("first", {"layer": "0", "source": "2"}, "Layer 0 gives zero. Layer 2 does not.", "层 0 输出零。层 2 不是。"),
        ("first", {"layer": "net.0", "source": "fc"}, "net.0 gives zero. fc does not.", "net.0 输出零。fc 不是。"),
        (
            "within",
            {"layer": "4.conv", "mean": 78},
            "The inputs of layer 4.conv have mean 78.",
            "层 4.conv 的输入均值为 78。",
        ),
        (
            "several",
            {"places": "0, 4.conv and 2"},
            "It stands behind layers 0, 4.conv and 2.",
            "它在层 0, 4.conv and 2 之后。",
        ),
        ("several", {"places": "0 and fc"}, "It stands behind 0 and fc.", "它在 0 and fc 之后。"),
        ("labels", {"values": "2"}, "These are 2.", "这些是 2。"),
        ("note", {"layer": "0"}, "layer 0 follows", "其后是层 0"),
    ],
)
def test_a_layer_with_a_bare_number_is_called_a_layer(
    key: str, fields: dict[str, object], english: str, chinese: str
) -> None:
    assert TEXT.say("en", key, numbered=NUMBERED, **fields) == english
    assert TEXT.say("zh", key, numbered=NUMBERED, **fields) == chinese


def test_without_such_layers_a_text_is_as_it_stands() -> None:
    assert TEXT.say("en", "first", layer="0", source="2") == "0 gives zero. 2 does not."
