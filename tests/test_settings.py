"""Settings: the file, the options, the locale; and that every unknown name gets the nearest that is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from records import chain, head, linear, run

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules import by_default, catalogue, find
from headstart.errors import HeadstartError
from headstart.settings import settings


def toml(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_file_all_rules_are_asked_in_the_language_of_the_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert settings(folder=tmp_path).rules == by_default()
    assert settings(folder=tmp_path).language == "zh"
    monkeypatch.setenv("LC_ALL", "C")
    assert settings(folder=tmp_path).language == "en"
    assert settings(language="zh", folder=tmp_path).language == "zh"


def test_the_nearest_file_with_a_table_is_read(tmp_path: Path) -> None:
    toml(
        tmp_path,
        '[tool.headstart]\nselect = ["loss", "dead-relu"]\nignore = ["nll-without-log-softmax"]\nlang = "zh"\n',
    )
    inner = tmp_path / "src" / "deep"
    inner.mkdir(parents=True)
    toml(inner, "[tool.ruff]\nline-length = 100\n")
    found = settings(folder=inner)
    assert found.language == "zh"
    assert {rule.group for rule in found.rules} == {"loss", "signal"}
    assert not {"nll-without-log-softmax", "gradients-vanish"} & {rule.name for rule in found.rules}


def test_options_overrule_what_is_selected_and_add_to_what_is_ignored(tmp_path: Path) -> None:
    toml(tmp_path, '[tool.headstart]\nselect = ["loss"]\nignore = ["dead-relu"]\nlang = "zh"\n')
    found = settings(["signal, init"], ["gradients-vanish"], "en", tmp_path)
    assert {rule.group for rule in found.rules} == {"signal", "init"}
    assert not {"dead-relu", "gradients-vanish"} & {rule.name for rule in found.rules}
    assert found.language == "en"


REQUESTED = "bias-before-batchnorm"


def names(**given: object) -> set[str]:
    return {rule.name for rule in settings(**given).rules}  # type: ignore[arg-type]


def test_rules_on_request_are_asked_by_their_own_names_alone(tmp_path: Path) -> None:
    requested = {rule.name for rule in catalogue() if rule.on_request}
    assert requested == {REQUESTED, "batchnorm-after-activation", "decay-on-norm-and-bias"}
    default = names(folder=tmp_path)
    assert not default & requested
    assert not names(select=["norm,optimizer"], folder=tmp_path) & requested
    assert not names(extend_select=["norm"], folder=tmp_path) & requested
    assert names(select=[REQUESTED], folder=tmp_path) == {REQUESTED}
    assert names(extend_select=[REQUESTED], folder=tmp_path) == default | {REQUESTED}
    assert names(select=["dead-relu"], extend_select=[f"{REQUESTED}, not-finite"], folder=tmp_path) == {
        *("dead-relu", "not-finite", REQUESTED)
    }
    assert names(extend_select=[REQUESTED], ignore=[REQUESTED], folder=tmp_path) == default


def test_the_file_s_extension_holds_until_others_are_selected(tmp_path: Path) -> None:
    toml(tmp_path, f'[tool.headstart]\nselect = ["dead-relu"]\nextend-select = ["{REQUESTED}"]\n')
    assert names(folder=tmp_path) == {"dead-relu", REQUESTED}
    assert names(extend_select=["not-finite"], folder=tmp_path) == {"dead-relu", REQUESTED, "not-finite"}
    assert names(select=["not-finite"], folder=tmp_path) == {"not-finite"}
    toml(tmp_path, f'[tool.headstart]\nextend-select = ["{REQUESTED}"]\n')
    assert names(folder=tmp_path) == {rule.name for rule in by_default()} | {REQUESTED}


def test_limits_are_the_users_within_and_the_rules_own_after(tmp_path: Path) -> None:
    toml(tmp_path, "[tool.headstart.limits.dead-relu]\nDEAD_SHARE = 0.2\n")
    died = {3: 0.0, 11: 0.3, 43: 0.3, 59: 0.3}
    record = run(chain(linear("fc1"), head()), {("fc1", "activation.dead"): died}, skill=0.0)
    with settings(folder=tmp_path).in_force():
        assert "dead-relu" in [finding.rule for finding in diagnose(record).findings]
    assert find("dead-relu").limits["DEAD_SHARE"] != 0.2
    assert "dead-relu" not in [finding.rule for finding in diagnose(record).findings]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('selekt = ["loss"]', "Did you mean select"),
        ('select = ["losss"]', "Did you mean loss"),
        ('extend-select = ["bias-before-batch-norm"]', "Did you mean bias-before-batchnorm"),
        ('extend_select = ["loss"]', "Did you mean extend-select"),
        ('extend-select = "loss"', "Write a list"),
        ('ignore = ["dead-rely"]', "Did you mean dead-relu"),
        ('lang = "zn"', "Did you mean zh"),
        ('select = "loss"', "Write a list"),
        ("limits.dead-rely.MOST = 1", "Did you mean dead-relu"),
        ("limits.dead-relu.DEAD_SHAER = 1", "Did you mean DEAD_SHARE"),
        ("limits.dead-relu = 1", "There is no limit"),
        ('limits.dead-relu.DEAD_SHARE = "all"', "Write a number"),
        ("limits.missing-zero-grad.STEPS = 2.5", "It counts: write a whole number"),
        ("select = [", "cannot be read"),
    ],
)
def test_what_is_not_known_is_refused_with_the_nearest_name(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(HeadstartError, match=what):
        settings(folder=toml(tmp_path, f"[tool.headstart]\n{text}\n"))
