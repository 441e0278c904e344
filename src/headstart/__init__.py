"""headstart: a sound start for PyTorch models, and a plain answer when training does not work.

The public names load lazily: `import headstart as hs` costs no torch until one of them is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from headstart.diagnosis import diagnose as diagnose
    from headstart.errors import HeadstartError as HeadstartError
    from headstart.monitor.watch import watch as watch
    from headstart.preflight import check as check
    from headstart.prepare import norm as norm
    from headstart.prepare.activations import gain as gain
    from headstart.prepare.initialize import initialize as initialize
    from headstart.prepare.measure import measure as measure
    from headstart.prepare.patch_whiten import PatchWhiten as PatchWhiten
    from headstart.prepare.plan import plan as plan
    from headstart.prepare.standardize import Standardize as Standardize
    from headstart.prepare.stats import Stats as Stats
    from headstart.prepare.whiten import Whiten as Whiten
    from headstart.record import read_record as read_record
    from headstart.train import models as models
    from headstart.train.batches import Batches as Batches
    from headstart.train.evaluate import evaluate as evaluate
    from headstart.train.fit import fit as fit
    from headstart.train.lr_find import lr_find as lr_find
    from headstart.train.mnist import mnist as mnist
    from headstart.train.try_activations import try_activations as try_activations

_HOME = {  # public name: the module that holds it; a module itself has no ":"
    "HeadstartError": "headstart.errors:HeadstartError",
    "diagnose": "headstart.diagnosis:diagnose",
    "read_record": "headstart.record:read_record",
    "check": "headstart.preflight:check",
    "gain": "headstart.prepare.activations:gain",
    "initialize": "headstart.prepare.initialize:initialize",
    "norm": "headstart.prepare.norm",
    "measure": "headstart.prepare.measure:measure",
    "PatchWhiten": "headstart.prepare.patch_whiten:PatchWhiten",
    "plan": "headstart.prepare.plan:plan",
    "Standardize": "headstart.prepare.standardize:Standardize",
    "Stats": "headstart.prepare.stats:Stats",
    "Whiten": "headstart.prepare.whiten:Whiten",
    "watch": "headstart.monitor.watch:watch",
    "Batches": "headstart.train.batches:Batches",
    "evaluate": "headstart.train.evaluate:evaluate",
    "fit": "headstart.train.fit:fit",
    "lr_find": "headstart.train.lr_find:lr_find",
    "mnist": "headstart.train.mnist:mnist",
    "models": "headstart.train.models",
    "try_activations": "headstart.train.try_activations:try_activations",
}

__all__ = sorted(["__version__", *_HOME])


def __getattr__(name: str) -> Any:
    try:
        module, _, attribute = _HOME[name].partition(":")
    except KeyError:
        raise AttributeError(f"module 'headstart' has no attribute {name!r}") from None
    home = importlib.import_module(module)
    value = getattr(home, attribute) if attribute else home
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
