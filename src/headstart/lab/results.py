"""Runs claims one after another, and keeps what each gave in a JSON file as soon as it is there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from headstart.errors import HeadstartError
from headstart.lab.claim import Claim, Result, Size, decide
from headstart.report.write import write_whole

SCHEMA = 1


def run(
    claims: Iterable[Claim],
    seeds: Sequence[int],
    size: Size,
    file: Path,
    advance: Callable[[Claim], None] = lambda claim: None,
) -> Iterator[Result]:
    """Each claim's result, after it has been saved to `file` among those that are there.

    `advance` is called after each point. Ctrl-C loses the claim that it stops, and no other.
    """
    results = {result.name: result for result in load(file)} if file.exists() else {}
    for claim in claims:
        start, runs = time.perf_counter(), []
        for seed in seeds:
            for point in claim.points(seed, size):
                runs.append(claim.measure(point))
                advance(claim)
        result = decide(claim, size, time.perf_counter() - start, tuple(runs))
        results[result.name] = result
        save(results.values(), file)
        yield result


def save(results: Iterable[Result], file: Path) -> None:
    document = {"schema": SCHEMA, "results": [result.json() for result in results]}
    write_whole(file, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def load(file: Path) -> tuple[Result, ...]:
    """Raises HeadstartError if `file` holds no results of the lab."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError
        return tuple(Result.from_json(result) for result in document["results"])
    except (OSError, ValueError, KeyError, TypeError):
        raise HeadstartError(
            f"{file} holds no results of headstart lab", "Name another file, or one that does not exist yet"
        ) from None
