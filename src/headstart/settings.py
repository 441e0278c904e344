"""`[tool.headstart]` in pyproject.toml, and the options that overrule it: which rules are asked, with which limits.

[tool.headstart]
select = ["loss", "loop", "dead-relu"]   # groups and rules; by default all but those on request
extend-select = ["bias-before-batchnorm"]   # beside these; a rule on request by its own name
ignore = ["batchnorm-small-batch"]
lang = "zh"

[tool.headstart.limits.dead-relu]
NEARLY_ALL = 0.95
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.diagnosis.explain import GROUPS
from headstart.diagnosis.rules import Rule, catalogue, find
from headstart.diagnosis.text import LANGUAGES, Language
from headstart.errors import HeadstartError

KEYS = ("select", "extend-select", "ignore", "lang", "limits")


@dataclass(frozen=True)
class Settings:
    """What the user asked for; every name in it exists."""

    select: tuple[str, ...] = ()  # groups and rules; none: all but those on request
    ignore: tuple[str, ...] = ()
    language: Language = "en"
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # by rule and constant
    extend_select: tuple[str, ...] = ()  # beside what is selected

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that are asked."""
        chosen = (*(self.select or GROUPS), *self.extend_select)
        return tuple(rule for rule in catalogue() if _asks(rule, chosen) and not _names(rule, self.ignore))

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Within, the rules' limits are the user's."""
        with ExitStack() as stack:
            for name, limits in self.limits.items():
                stack.enter_context(find(name).limited(limits))
            yield


def settings(
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    language: str | None = None,
    folder: Path | None = None,
    extend_select: Sequence[str] | None = None,
) -> Settings:
    """The settings of the nearest pyproject.toml that has some, overruled by what is given.

    Args:
        select: names of rules and groups, each alone or several with commas between them; what the file selects, and
            what it selects beside that, no longer counts.
        ignore: the same; what is ignored here is so beside what the file ignores.
        language: by default the file's, then that of the locale.
        folder: where the search begins, going up; by default the current one.
        extend_select: as `select`; asked beside what is selected, by default or by name.

    Raises:
        HeadstartError: a name or a value is not known; it says the nearest that is.
    """
    path, table = _table(folder or Path.cwd())
    where = f"{path}, [tool.headstart]" if path else ""
    for key in table:
        _known(key, KEYS, f"key in {where}")
    chosen = _split(select) if select else _list(table, "select", where)
    beside = (*(() if select else _list(table, "extend-select", where)), *_split(extend_select or ()))
    ignored = (*_list(table, "ignore", where), *(_split(ignore) if ignore else ()))
    names = (*GROUPS, *(rule.name for rule in catalogue()))
    for name in (*chosen, *beside, *ignored):
        _known(name, names, "rule or group")
    wanted = language or table.get("lang")
    if wanted is not None:
        _known(wanted, LANGUAGES, "language")
    spoken = next((known for known in LANGUAGES if known == wanted), _of_the_locale())
    return Settings(chosen, ignored, spoken, _limits(table, where), beside)


def _asks(rule: Rule, names: Iterable[str]) -> bool:
    """A group stands for its rules but for those on request."""
    return rule.name in names or (rule.group in names and not rule.on_request)


def _names(rule: Rule, names: Iterable[str]) -> bool:
    return rule.name in names or rule.group in names


def _known(name: Any, names: Sequence[str], what: str) -> None:
    if name not in names:
        near = difflib.get_close_matches(str(name), names, 1, 0.4)
        hint = f"Did you mean {near[0]}? " if near else ""
        listed = "headstart explain lists all rules" if len(names) > 20 else f"Choose of {', '.join(names)}"
        raise HeadstartError(f"There is no {what} {name!r}", hint + listed)


def _split(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.strip() for each in names for name in each.split(",") if name.strip())


def _list(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise HeadstartError(f"{key} in {where} is {value!r}", f'Write a list of names: {key} = ["dead-relu"]')
    return tuple(value)


def _limits(table: Mapping[str, Any], where: str) -> Mapping[str, Mapping[str, float]]:
    limits = table.get("limits", {})
    rules = {rule.name: rule for rule in catalogue()}
    for name, values in limits.items():
        _known(name, tuple(rules), "rule")
        for limit, value in values.items() if isinstance(values, Mapping) else [(name, values)]:
            _known(limit, tuple(rules[name].limits), f"limit of {name}")
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise HeadstartError(f"{limit} of {name} in {where} is {value!r}", "Write a number")
            if isinstance(rules[name].limits[limit], int) and not isinstance(value, int):
                raise HeadstartError(f"{limit} of {name} in {where} is {value!r}", "It counts: write a whole number")
    return limits  # type: ignore[no-any-return]


def _table(folder: Path) -> tuple[Path | None, Mapping[str, Any]]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        if not path.is_file():
            continue
        try:
            tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise HeadstartError(f"{path} cannot be read: {error}", "Mend it, or start headstart elsewhere") from error
        if "headstart" in tool:
            return path, tool["headstart"]
    return None, {}


def _of_the_locale() -> Language:
    """POSIX: the first of these that is set decides."""
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next((name for name in named if name), "").lower().startswith("zh") else "en"
