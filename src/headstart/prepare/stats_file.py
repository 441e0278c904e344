"""Statistics as a file: JSON to read by eye, or safetensors for large covariances. Neither can carry code."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from headstart.errors import HeadstartError
from headstart.prepare.stats import Joint, Stats, tensors

SCHEMA = 1


def save(stats: Stats, path: str | Path) -> None:
    """Write `stats`; the format follows the name's ending. JSON keeps every bit, for Python prints floats in full."""
    path = Path(path)
    if path.suffix not in (".json", ".safetensors"):
        raise HeadstartError(f"{path} ends in neither .json nor .safetensors", "Name one of these formats")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps(_as_json(stats), indent=1) + "\n", encoding="utf-8")
    else:
        _safetensors()
        from safetensors.torch import save_file

        save_file(_all_tensors(stats), path, metadata={"stats": json.dumps(_header(stats))})


def load(path: str | Path) -> Stats:
    """Read what `save` wrote. Raises HeadstartError for a file that is missing, broken or not of this kind."""
    path = Path(path)
    if not path.is_file():
        raise HeadstartError(f"{path} does not exist", "Write it with headstart stats or Stats.save")
    try:
        header, named = _read_json(path) if path.suffix == ".json" else _read_safetensors(path)
        return _checked(header, named)
    except (ValueError, KeyError, TypeError, RuntimeError, OSError) as error:
        raise HeadstartError(f"{path} holds no statistics: {error}", "Write it again with headstart stats") from error


def _header(stats: Stats) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "shape": list(stats.shape),
        "samples": stats.samples,
        "rows": stats.joint.rows if stats.joint else None,
    }


def _all_tensors(stats: Stats) -> dict[str, Tensor]:
    joint = {"joint_mean": stats.joint.mean, "scatter": stats.joint.scatter} if stats.joint else {}
    return {name: value.contiguous() for name, value in (tensors(stats) | joint).items()}


def _as_json(stats: Stats) -> dict[str, Any]:
    """The two standard deviations come first and by name; `load` takes them from the sums again."""
    shown = {"mean": stats.mean, "std": stats.std, "mean_image_std": stats.mean_image_std}
    return _header(stats) | {name: _listed(value) for name, value in (shown | _all_tensors(stats)).items()}


def _listed(values: Tensor) -> list[Any]:
    """Numbers, with null for NaN and infinity, which JSON lacks."""
    if values.ndim > 1:
        return [_listed(row) for row in values]
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _read_json(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")
    names = [*tensors(Stats.empty(())), *(["joint_mean", "scatter"] if content["rows"] is not None else [])]
    return content, {name: _tensor(name, content[name]) for name in names}


def _tensor(name: str, values: list[Any]) -> Tensor:
    """null stands for the extremes of a column in which nothing finite was seen."""
    nothing = {"minimum": math.inf, "maximum": -math.inf}.get(name, math.nan)
    if name == "scatter":
        return torch.tensor(values, dtype=torch.float64)
    whole = name in ("count", "nonfinite", "images")
    numbers = [nothing if value is None else value for value in values]
    return torch.tensor(numbers, dtype=torch.int64 if whole else torch.float64)


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    safetensors = _safetensors()
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return json.loads(file.metadata()["stats"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ValueError(str(error)) from error


def _checked(header: dict[str, Any], named: dict[str, Tensor]) -> Stats:
    if header["schema"] != SCHEMA:
        raise ValueError(f"its schema is {header['schema']}, and this version reads {SCHEMA}")
    empty = Stats.empty(tuple(int(size) for size in header["shape"]))
    columns = (empty.columns,)
    for name, template in tensors(empty).items():
        if named[name].shape != columns or named[name].dtype != template.dtype:
            raise ValueError(
                f"{name} is {tuple(named[name].shape)}, {named[name].dtype}, not {columns}, {template.dtype}"
            )
    joint = None
    if header["rows"] is not None:
        joint = Joint(int(header["rows"]), named.pop("joint_mean"), named.pop("scatter"))
        if joint.mean.shape != columns or joint.scatter.shape != columns * 2:
            raise ValueError(f"the scatter is {tuple(joint.scatter.shape)}, not {columns * 2}")
    columns_of: dict[str, Any] = {name: named[name] for name in tensors(empty)}
    return replace(empty, samples=int(header["samples"]), joint=joint, **columns_of)


def _safetensors() -> Any:
    try:
        import safetensors
    except ImportError as error:
        raise HeadstartError(
            "This file needs safetensors", "pip install 'headstart[safetensors]', or save as .json"
        ) from error
    return safetensors
