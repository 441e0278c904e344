"""The boot hook: waits for the script's own `import torch`, and only then attaches.

`headstart run` puts this folder first on PYTHONPATH, so that every Python of the run, ranks and spawned children too,
executes this file as it starts, in place of the user's own `sitecustomize`. It takes itself out of sight, runs theirs,
and imports nothing that Python has not loaded by then: torch and NumPy read thread counts and allocator settings when
they are first imported, and that is for the script to do. Another environment's Python reads this file as well, so
its syntax is old. Nothing that goes wrong here reaches the script; it is noted for the parent.
"""

# pathlib is not loaded yet when Python starts:
# ruff: noqa: PTH100, PTH118, PTH120, PTH121, PTH122, PTH123

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.dirname(os.path.dirname(HERE))
RECORD = os.environ.get("HEADSTART_RECORD", "")  # where the record will be; notes go beside it

TYPE_CHECKING = False  # typing is not loaded yet either
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class AfterTorch:
    """A finder that finds what the others find, and for torch has `attach` called once it is imported.

    To look for torch, as `importlib.util.find_spec` does, changes nothing; an import that fails may be tried again.
    """

    @classmethod
    def find_spec(
        cls, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        if name != "torch":
            return None
        spec = find_with_others(name, path, target)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            attach_after(spec.loader)
        return spec


def find_with_others(name: str, path: "Sequence[str] | None", target: "ModuleType | None") -> "ModuleSpec | None":
    for finder in sys.meta_path:
        if finder is not AfterTorch and hasattr(finder, "find_spec"):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
    return None


def attach_after(loader: "Loader") -> None:
    """Has `loader`, which is made anew for each search, call `attach` after its module; it then is as it was."""
    execute = loader.exec_module

    def exec_module(module: "ModuleType") -> None:
        del loader.exec_module
        execute(module)
        if AfterTorch in sys.meta_path:
            sys.meta_path.remove(AfterTorch)
            attach()

    # Python leaves the frames of this file's name out of tracebacks: an import of torch that fails shows none of ours.
    exec_module.__code__ = exec_module.__code__.replace(co_filename="<frozen importlib._bootstrap>")
    loader.exec_module = exec_module  # type: ignore[method-assign]


def attach() -> None:
    try:
        import_this_headstart()
        from headstart.monitor.attach import attach_script

        attach_script()
        note("attached")
    except Exception:
        import traceback

        note(traceback.format_exc())


def import_this_headstart() -> None:
    """Imports the headstart of the parent, from an environment that has none as well; never somebody else's."""
    from importlib.util import find_spec, module_from_spec, spec_from_file_location

    spec = find_spec("headstart")
    if spec is None or spec.origin is None:  # not installed in the script's environment; or a mere folder of that name
        init = os.path.join(PACKAGE, "__init__.py")
        spec = spec_from_file_location("headstart", init, submodule_search_locations=[PACKAGE])
        assert spec is not None and spec.loader is not None  # noqa: PT018
        sys.modules["headstart"] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules["headstart"])
    elif not os.path.samefile(os.path.dirname(spec.origin), PACKAGE):
        raise ImportError("the script's Python finds another headstart, " + spec.origin)


def note(text: str) -> None:
    """Adds to the notes that the parent reads."""
    try:
        with open(os.path.splitext(RECORD)[0] + ".log", "a") as notes:
            notes.write(text.rstrip() + "\n")
    except OSError:
        pass  # a folder that is gone or full is no reason to stop the script


if RECORD:
    note("started")
    sys.meta_path.insert(0, AfterTorch)

sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]
sys.path_importer_cache.pop(HERE, None)
del sys.modules["sitecustomize"]
# The user's own. If there is none, this raises the very ImportError that `site` expects then, and Python drops the
# module that is running here: it ends without a `sitecustomize`, as it does without headstart.
import sitecustomize  # type: ignore[import-not-found] # noqa: E402, F401
