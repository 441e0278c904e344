"""What is known already: findings of an earlier diagnosis, which a later one leaves out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from headstart.errors import HeadstartError
from headstart.findings import Diagnosis

Known = frozenset[tuple[str, str | None]]


def read(path: Path) -> Known:
    """Rule and layer of each finding in a diagnosis that was written with --json, those that others explain as well.

    Raises:
        HeadstartError: there is no such file, or it is no diagnosis.
    """
    make = f"Make one: headstart report --json {path}"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HeadstartError(f"The baseline {path} cannot be read: {error.strerror}", make) from error
    except (ValueError, UnicodeDecodeError) as error:
        raise HeadstartError(f"The baseline {path} is not JSON: {error}", make) from error
    try:
        found = document["findings"]
        return frozenset((one["rule"], one["layer"]) for root in found for one in (root, *root["explains"]))
    except (KeyError, TypeError) as error:
        raise HeadstartError(f"The baseline {path} is no diagnosis of headstart's", make) from error


def leave_out(diagnosis: Diagnosis, known: Known) -> Diagnosis:
    """Without the findings that are known; what a known one explains goes with it."""
    left = tuple(finding for finding in diagnosis.findings if (finding.rule, finding.layer) not in known)
    return replace(diagnosis, findings=left, known=len(diagnosis.findings) - len(left))
