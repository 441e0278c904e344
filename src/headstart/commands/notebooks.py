"""`headstart notebooks`: puts the notebooks into a folder, and opens Jupyter there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FIRST = "01_mnist_baseline.ipynb"


def notebooks(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; by default the current folder.")] = Path(),
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="By default the locale's.")] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Copy only; do not start Jupyter.")] = False,
) -> None:
    """Put the seven notebooks into a folder, and open the first in Jupyter.

    A notebook that is there already is kept as it is, with what you changed in it. Jupyter is started at a terminal,
    if it is installed; Ctrl-C ends it.

    \b
    Examples:
      headstart notebooks
      headstart notebooks lessons --lang zh
      headstart notebooks lessons --no-open
    """
    import subprocess
    import sys
    from importlib.util import find_spec

    from headstart.settings import settings

    source = _source()
    source = source / "zh" if settings(language=lang).language == "zh" else source
    _copy(source, folder)
    first = folder / FIRST
    if find_spec("notebook") is None:
        print(f"next      pip install jupyter matplotlib && jupyter notebook {first}")
    elif no_open or not sys.stdout.isatty():
        print(f"next      jupyter notebook {first}")
    else:
        raise typer.Exit(subprocess.call([sys.executable, "-m", "notebook", str(first)]))


def _source() -> Path:
    """The notebooks of the installed package; of a source folder that is installed with -e, those beside it."""
    import headstart
    from headstart.errors import HeadstartError

    package = Path(headstart.__file__).parent
    for place in (package / "notebooks", package.parents[1] / "notebooks"):
        if (place / FIRST).is_file():
            return place
    raise HeadstartError("This installation holds no notebooks", "Install headstart anew, from a wheel or its source")


def _copy(source: Path, folder: Path) -> None:
    import shutil

    from headstart.errors import HeadstartError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(source.glob("[0-9]*.ipynb")):
            there = (folder / notebook.name).exists()
            if not there:
                shutil.copyfile(notebook, folder / notebook.name)
            print(f"{'kept' if there else 'copied'}{'      ' if there else '    '}{folder / notebook.name}")
    except OSError as error:
        raise HeadstartError(f"{folder} cannot be written: {error.strerror}", "Name another folder") from error
