"""`headstart stats`: mean, both standard deviations and covariance of a data set, and the transform to paste."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from headstart.prepare.stats import Stats

ROWS = 12  # of columns that the table shows; the file has them all


def stats(
    data: Annotated[
        str, typer.Argument(metavar="PATH", help="A folder of images, an .npy file, or mnist for the embedded digits.")
    ],
    per: Annotated[
        str, typer.Option(metavar="WHAT", help="channel, feature (each number of a sample) or patch.")
    ] = "channel",
    patch: Annotated[int, typer.Option(metavar="N", help="Pixels of a patch's side.")] = 2,
    axis: Annotated[
        int | None, typer.Option(metavar="N", help="The channels' axis; 1 if left out, -1 for (N, H, W, C).")
    ] = None,
    covariance: Annotated[bool, typer.Option("--covariance", help="Measure it, too, as whitening needs.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave corrupt and odd images out.")] = False,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help=".json or .safetensors; by default in .headstart/.")
    ] = None,
) -> None:
    """Measure a data set in one pass, and print the transform to paste.

    \b
    Examples:
      headstart stats mnist
      headstart stats photos/train --skip-bad
      headstart stats features.npy --per feature --covariance
    """
    from headstart.errors import HeadstartError
    from headstart.prepare.images import ImageFolder
    from headstart.prepare.stats_table import code, table

    if save is not None and save.suffix not in (".json", ".safetensors"):
        raise HeadstartError(f"--save {save} ends in neither .json nor .safetensors", "Name one of these formats")
    source = _source(data, skip_bad)
    found = _measured(source, per, patch, axis, covariance)
    if isinstance(source, ImageFolder) and source.bad:
        print(_left_out(source))
    print(table(found, per, ROWS))
    file = save or Path(".headstart") / f"stats-{Path(data).stem or 'data'}.json"
    found.save(file)
    print(f"\n{code(found, per, axis, file)}\n\nsaved     {file}\nnext      headstart run train.py")


def _source(data: str, skip_bad: bool) -> Any:
    from headstart.prepare.images import ImageFolder
    from headstart.prepare.sources import opened

    if data == "mnist":
        from headstart.train.mnist import mnist

        return mnist().train_images
    return ImageFolder(data, skip_bad=skip_bad) if Path(data).is_dir() else opened(Path(data))


def _measured(source: Any, per: Any, patch: int, axis: int | None, covariance: bool) -> Stats:
    """Under a progress bar on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from headstart.prepare.measure import measure
    from headstart.prepare.sources import length

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("measuring", total=length(source))
        return measure(
            source,
            per=per,
            patch=patch,
            axis=axis,
            covariance=covariance,
            progress=lambda seen: bar.update(task, completed=seen),
        )


def _left_out(source: Any) -> str:
    lines = [f"left out  {bad.path}: {bad.why}" for bad in source.bad]
    return "\n".join([*lines, f"left out  {len(source.bad)} of {len(source)} images\n"])
