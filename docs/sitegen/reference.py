"""The reference: every public name with its signature and docstring, by subject, and the values that they give."""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import textwrap
import tokenize
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

import headstart as hs
from headstart.diagnosis.text import Language
from sitegen import docstrings
from sitegen.markdown import Page, fenced, note, table
from sitegen.words import NAMES, WORDS

SUBJECTS: dict[str, tuple[str, ...]] = {  # public names, as one writes them after `hs.`
    "diagnosing": ("watch", "check", "diagnose", "read_record", "HeadstartError", "__version__"),
    "starting weights": ("plan", "initialize", "gain"),
    "data": ("measure", "Stats", "Standardize", "Whiten", "PatchWhiten"),
    "norms": ("norm", *(f"norm.{name}" for name in hs.norm.__all__)),
    "training": (
        "fit",
        "evaluate",
        "lr_find",
        "try_activations",
        "Batches",
        "mnist",
        "models",
        "models.SimpleNet",
    ),
}
VALUES: dict[str, tuple[str, ...]] = {  # what these give: classes that nobody calls
    "diagnosing": (
        "headstart.monitor.watch:Watch",
        "headstart.findings:Diagnosis",
        "headstart.findings:Finding",
        "headstart.findings:Evidence",
        "headstart.findings:Remedy",
        "headstart.findings:NotJudged",
        "headstart.findings:Skill",
        "headstart.record:Record",
        "headstart.record:Layer",
        "headstart.record:Parameter",
        "headstart.record:Loss",
        "headstart.record:Optimizer",
        "headstart.record:Series",
    ),
    "starting weights": ("headstart.prepare.plan:Plan", "headstart.prepare.plan:Row"),
    "data": (),
    "norms": (),
    "training": (
        "headstart.train.history:History",
        "headstart.train.history:Epoch",
        "headstart.train.history:Score",
        "headstart.train.range_test:RangeTest",
        "headstart.train.tryout:TryOut",
        "headstart.train.tryout:Attempt",
        "headstart.train.mnist:Mnist",
    ),
}


def pages(language: Language) -> Iterator[Page]:
    """The list of all names first, then a page a subject."""
    yield Page("reference/index.md", WORDS.say(language, "reference"), _list(language))
    for subject in SUBJECTS:
        yield Page(path(subject), WORDS.say(language, subject), _page(subject, language))


def path(subject: str) -> str:
    return f"reference/{subject.replace(' ', '-')}.md"


def _list(language: Language) -> str:
    parts = [f"# {WORDS.say(language, 'reference')}", WORDS.say(language, "reference lead")]
    for subject, names in SUBJECTS.items():
        page = path(subject).removeprefix("reference/")
        rows = [(f"[`hs.{name}`]({page}#{_anchor(name)})", summary(name, language)) for name in names]
        heads = [WORDS.say(language, "name"), WORDS.say(language, "does")]
        parts += [f"## [{WORDS.say(language, subject)}]({page})", table(heads, rows)]
    return "\n\n".join(parts)


def _page(subject: str, language: Language) -> str:
    parts = [f"# {WORDS.say(language, subject)}"]
    if language != "en":
        parts.append(note(WORDS.say(language, "docstrings are english")))
    for name in SUBJECTS[subject]:
        heading = f"## `hs.{name}` {{ #{_anchor(name)} }}"
        parts += [
            heading,
            *([summary(name, language)] if language != "en" else []),
            *_entry(named(name), name, language),
        ]
    if VALUES[subject]:
        parts += [f"## {WORDS.say(language, 'values')}", WORDS.say(language, "values lead")]
    for place in VALUES[subject]:
        name = place.rpartition(":")[2]
        heading = f"### `{name}` {{ #{_anchor(name)} }}"
        parts += [heading, *([summary(name, language)] if language != "en" else []), *_value(found(place), language)]
    return "\n\n".join(parts)


def named(name: str) -> Any:
    """What stands behind `hs.NAME`."""
    value: Any = hs
    for part in name.split("."):
        value = getattr(value, part)
    return value


def found(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def summary(name: str, language: Language) -> str:
    """In one sentence."""
    if language != "en" or name in NAMES.en:
        return NAMES.say(language, name)
    return docstrings.first_sentence(named(name))


def _anchor(name: str) -> str:
    return name.replace(".", "-").replace("_", "-").strip("-")


def _entry(value: Any, name: str, language: Language) -> list[str]:
    if isinstance(value, str):
        return [fenced("python", f"hs.{name} == {value!r}"), NAMES.en[name] if language == "en" else ""]
    if inspect.ismodule(value):
        return [docstrings.markdown(value, language)]
    parts = [_signature(value, f"hs.{name}"), docstrings.markdown(value, language)]
    if inspect.isclass(value):
        parts += [_fields(value, language), *_members(value, language)]
    module = inspect.getmodule(value)
    assert module is not None
    file = f"src/{module.__name__.replace('.', '/')}.py"
    return [*filter(None, parts), WORDS.say(language, "source", file=file)]


def _value(value: type, language: Language) -> list[str]:
    return [
        *filter(None, (docstrings.markdown(value, language), _fields(value, language))),
        *_members(value, language),
    ]


def _signature(value: Any, name: str) -> str:
    """One parameter a line where one line is too long."""
    if inspect.isclass(value) and is_dataclass(value):
        return ""
    signature = inspect.signature(value)
    parameters = [_parameter(parameter) for parameter in _starred(signature)]
    returns = signature.return_annotation
    end = ")" if inspect.isclass(value) or returns is inspect.Signature.empty else f") -> {_text(returns)}"
    line = f"{name}({', '.join(parameters)}{end}"
    if len(line) > 88:
        line = f"{name}(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + end
    return fenced("python", line)


def _starred(signature: inspect.Signature) -> Iterator[inspect.Parameter | str]:
    """Its parameters, with the star before those by keyword alone."""
    star = False
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not star:
            star = True
            yield "*"
        yield parameter


def _parameter(parameter: inspect.Parameter | str) -> str:
    if isinstance(parameter, str):
        return parameter
    typed = "" if parameter.annotation is parameter.empty else f": {_text(parameter.annotation)}"
    equals = " = " if typed else "="
    given = "" if parameter.default is parameter.empty else f"{equals}{parameter.default!r}"
    return f"{parameter.name}{typed}{given}"


def _text(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _fields(value: type, language: Language) -> str:
    """A dataclass's fields, each with the comment behind it."""
    if not is_dataclass(value):
        return ""
    heads = [WORDS.say(language, name) for name in ("field", "type", "is")]
    return table(heads, [(f"`{name}`", f"`{kind}`", comment) for name, kind, comment in _annotated(value)])


def _annotated(value: type) -> Iterator[tuple[str, str, str]]:
    source = textwrap.dedent(inspect.getsource(value))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    for node in definition.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id[0] != "_":
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            comment = next((comments[line] for line in lines if line in comments), "")
            yield node.target.id, ast.unparse(node.annotation), comment


def _members(value: type, language: Language) -> list[str]:
    """Its public methods and properties that have a docstring, those of our own base classes as well."""
    rows = [(f"`{_call(member, name)}`", docstrings.one_line(member)) for name, member in _public(value)]
    return [table([WORDS.say(language, "member"), WORDS.say(language, "does")], rows)] if rows else []


def _public(value: type) -> Iterator[tuple[str, Any]]:
    seen = set()
    for base in value.__mro__:
        if not base.__module__.startswith("headstart"):
            continue
        for name, member in vars(base).items():
            member = getattr(member, "__func__", member)
            known = inspect.isfunction(member) or isinstance(member, property)
            if name[0] != "_" and name not in seen and known and inspect.getdoc(member):
                seen.add(name)
                yield name, member


def _call(member: Any, name: str) -> str:
    if isinstance(member, property):
        return name
    parameters = [item for item in _starred(inspect.signature(member)) if _name(item) not in ("self", "cls")]
    return f"{name}({', '.join(_short(item) for item in parameters)})"


def _name(item: inspect.Parameter | str) -> str:
    return item if isinstance(item, str) else item.name


def _short(item: inspect.Parameter | str) -> str:
    if isinstance(item, str) or item.default is item.empty:
        return _name(item)
    return f"{item.name}={item.default!r}"
