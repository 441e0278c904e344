"""What users could pick instead: other tools on the same programs, each as its documentation wires it in.

    python benchmarks/peers/compare.py                    # all tools, all programs of programs.toml: about an hour
    python benchmarks/peers/compare.py torchtest2 ...     # these tools; results of the others stay
    python benchmarks/peers/compare.py --table            # no run: the table of results.json into docs/comparison.md

Ctrl-C ends a tool that takes too long: what it gave so far stands in the table, and the next call goes on from there.

Each tool gets an environment of its own, made by pip; all of them share one PyTorch. Of a tool's findings, those count
that it calls a warning or an error itself; hints about speed and memory are left out.

- *detected*: it says something of the faulty program. *Apart*: and says nothing new of the fixed twin.
- *right cause*: one of its findings names what headstart's accepted rules for the program name (`CAUSES` of each
  adapter, read generously). For headstart: among its first two findings.
- *false alarms*: fixed twins and healthy programs of which it says anything.
- *lines*: what a user writes into the script. *Added*: seconds of CPU over the same program without the tool.
- *same*: programs that end with the same weights, answers and random states as without the tool, bit for bit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "programs"))

from run_all import EXPECTED, FAULTY, HEALTHY, tomllib

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RESULTS = HERE / "results.json"
PAGE = ROOT / "docs" / "comparison.md"
BEGIN, END = "<!-- peers: python benchmarks/peers/compare.py --table -->", "<!-- /peers -->"
ENVIRONMENTS = ROOT / ".headstart" / "peers"

SHARED = "shared"  # the environment of PyTorch; "torch" in its path would be taken for the package by traincheck

REQUIREMENTS = {  # by adapter
    "plain_loop": SHARED,
    "plain_script": SHARED,
    "headstart": str(ROOT),
    "torchtest2": "torchtest2==0.1.0",
    "torch_audit": "torch-audit==0.3.0",
    "torch_preflight": "torch-preflight==0.5.0",
    "torchmortem": "torchmortem==0.1.1",
    "neuraldbg": "NeuralDBG==1.3.2",
    "neural_net_checklist": "neural-net-checklist==1.1.0",
    "traincheck": "traincheck==0.2.0",
    "mldoct": "mldoct==1.0.0",
    "traintools": "traintools==0.6.2",
    "gradsnitch": "gradsnitch==0.1.0",
    "trainpulse": "trainpulse==0.4.0",
}
BY_SCRIPT = {"headstart", "torch_preflight", "traincheck", "mldoct"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tools", nargs="*", help="adapters (default: all)")
    parser.add_argument("--table", action="store_true", help="write the table of what was measured, and stop")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS, help="folder of the tools' environments")
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if not given.table:
        for tool in given.tools or REQUIREMENTS:
            results[tool] = measured(tool, given.environments)
            RESULTS.write_text(as_json(results), encoding="utf-8")
    told = table(results)
    print(told)
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{told}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")


def measured(tool: str, environments: Path) -> dict[str, Any]:
    """Runs one tool on all programs; rows by program."""
    result: dict[str, Any] = {"requirement": REQUIREMENTS[tool].removeprefix(f"{ROOT}") or "this repository"}
    result["date"] = datetime.now(timezone.utc).date().isoformat()
    try:
        python = environment(tool, environments)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failure:
        return {**result, "failure": f"could not be installed: {failure}", "programs": {}}
    pairs = [f"{program}={reference}" for program, reference in programs()]
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    # Kept until the tool is done: a slow one may be stopped, and goes on where it was.
    out = environments.resolve() / f"{tool}.jsonl"
    done = {row["program"] for row in rows_of(out)}
    left = [pair for pair in pairs if Path(pair.split("=")[0]).stem not in done]
    print(f"{tool}: {len(left)} of {len(pairs)} programs", flush=True)
    try:
        host = subprocess.run([python, HERE / "host.py", tool, out, *left], env=alone, check=False) if left else None
    except KeyboardInterrupt:
        host = None
    rows = rows_of(out)
    if host and host.returncode:
        result["failure"] = f"its host ended with {host.returncode}"
    elif len(rows) < len(pairs):
        result["failure"] = f"stopped after {len(rows)} of {len(pairs)} programs"
    else:
        out.unlink(missing_ok=True)
    return {**result, "programs": {row.pop("program"): row for row in rows}}


def rows_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []


def programs() -> list[tuple[Path, Path]]:
    """Each program, and the one that is known to be good: for a faulty program its twin, for a sound one itself."""
    listed = tomllib.loads((HERE / "programs.toml").read_text(encoding="utf-8"))
    pairs = []
    for stem in listed["faulty"]:
        program, twin = FAULTY / f"{stem}.py", FAULTY / f"{stem}_fixed.py"
        pairs += [(program, twin), (twin, twin)]
    return pairs + [(HEALTHY / f"{stem}.py", HEALTHY / f"{stem}.py") for stem in listed["healthy"]]


def environment(tool: str, folder: Path) -> Path:
    """A tool's own Python; PyTorch comes from the environment that all share."""
    name = SHARED if REQUIREMENTS[tool] == SHARED else tool
    home = folder.resolve() / name
    python = home / "bin" / "python"
    ready = home / "ready"
    if not ready.exists():
        [torch] = [f"torch=={d.version.split('+')[0]}" for d in distributions(name="torch")]
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        if name == SHARED:
            wanted = [torch, "numpy", "scikit-learn"]
        else:
            shared = next((environment("plain_loop", folder).parents[1] / "lib").glob("python*")) / "site-packages"
            own = next((home / "lib").glob("python*")) / "site-packages"
            (own / "torch.pth").write_text(f"{shared}\n", encoding="utf-8")
            wanted = [torch, *(["-e"] if tool == "headstart" else []), REQUIREMENTS[tool]]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True, timeout=1800)
        ready.touch()
    return python


def table(results: Mapping[str, Any]) -> str:
    lines = [
        "| tool | lines | wired into | detected | apart | right cause | false alarms | same | added |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for tool in sorted(REQUIREMENTS, key=lambda tool: (tool != "headstart", list(REQUIREMENTS).index(tool))):
        if tool.startswith("plain") or tool not in results:
            continue
        result = results[tool]
        name = tool if tool == "headstart" else result["requirement"].replace("==", " ")
        rows = {stem: row for stem, row in result["programs"].items() if row["failure"] is None}
        if not rows:
            tried = Counter(row["failure"] for row in result["programs"].values()).most_common(1)
            why = [result.get("failure", "no program"), *(f"most often: {failure}" for failure, _ in tried)]
            lines.append(f"| {name} | | {'; '.join(why)} | | | | | | |")
            continue
        lines.append(f"| {name} | {' | '.join(cells(tool, rows, results, len(result['programs'])))} |")
    return "\n".join(lines)


def cells(tool: str, rows: Mapping[str, Any], results: Mapping[str, Any], asked: int) -> Iterable[str]:
    adapter = (HERE / "adapters" / f"{tool}.py").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(compile(assignments(adapter), tool, "exec"), names)
    plain = results.get("plain_script" if tool in BY_SCRIPT else "plain_loop", {}).get("programs", {})
    faulty = [stem for stem in rows if stem in EXPECTED]
    sound = [stem for stem in rows if stem not in EXPECTED]
    detected = [stem for stem in faulty if loud(rows[stem])]
    apart = [s for s in detected if f"{s}_fixed" in rows and loud(rows[s]) - loud(rows[f"{s}_fixed"])]
    right = [stem for stem in faulty if is_right(tool, stem, rows[stem], names["CAUSES"])]
    compared = [stem for stem in rows if rows[stem]["digests"] and stem in plain]
    same = [stem for stem in compared if rows[stem]["digests"] == plain[stem]["digests"]]
    ran = compared or list(rows)
    added = [rows[stem]["seconds"] - (plain[stem]["seconds"] if compared else 0) for stem in ran]
    yield str(len([line for line in names["LINES"].splitlines() if line.strip()]))
    yield f"{len(rows)} of {asked}"
    yield f"{len(detected)} of {len(faulty)}"
    yield f"{len(apart)}"
    yield f"{len(right)}"
    yield f"{sum(bool(loud(rows[stem])) for stem in sound)} of {len(sound)}"
    yield f"{len(same)} of {len(compared)}" if compared else "not run"
    yield f"{statistics.median(added):.1f} s"


def loud(row: Mapping[str, Any]) -> set[str]:
    return {name for name, severity in row["found"] if severity in ("warning", "error")}


def is_right(tool: str, stem: str, row: Mapping[str, Any], causes: Mapping[str, set[str]]) -> bool:
    accepted = set(EXPECTED[stem]["rules"])
    if tool == "headstart":
        return any(name in accepted and severity != "advice" for name, severity in row["found"][:2])
    return any(accepted & causes.get(name, set()) for name in loud(row))


def assignments(source: str) -> Any:
    """LINES and CAUSES of an adapter, read without importing it: the tool is not in this environment."""
    import ast

    tree = ast.parse(source)
    tree.body = [
        node
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        and {"LINES", "CAUSES"} & {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    ]
    return tree


def as_json(results: Mapping[str, Any]) -> str:
    """One line a program, so that a change shows as a change of few lines."""
    tools = []
    for tool, result in results.items():
        head = {key: value for key, value in result.items() if key != "programs"}
        rows = ",\n".join(f"  {json.dumps(stem)}: {json.dumps(row)}" for stem, row in result["programs"].items())
        tools.append(f'{json.dumps(tool)}: {json.dumps(head)[:-1]}, "programs": {{\n{rows}\n}}}}')
    return "{\n" + ",\n".join(tools) + "\n}\n"


if __name__ == "__main__":
    main()
