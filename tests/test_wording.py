"""Numbers, shares and sentences, as they are read."""

from headstart.wording import sentences


def test_sentences_stand_apart_by_a_space_but_after_a_full_width_stop() -> None:
    assert sentences("One.", None, "Two.", "") == "One. Two."
    assert sentences("一。", "二。") == "一。二。"
    assert sentences(None) == ""
