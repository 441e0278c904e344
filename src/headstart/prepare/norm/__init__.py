"""Normalisation: batch norm as the textbook writes it, and what one does to the norms of a model that exists.

    print(hs.norm.recalibrate(model, loader))   # running statistics over the whole set
    print(hs.norm.convert(model, to="group"))   # for batches under 8
    print(hs.norm.fold(model.eval()))           # into the layer before, for inference

All but `BatchNorm` change the model in place, return a report that prints as a table, and can be undone by it.
"""

from headstart.prepare.norm.convert import convert
from headstart.prepare.norm.fold import fold
from headstart.prepare.norm.layers import FrozenBatchNorm
from headstart.prepare.norm.moments import Moments
from headstart.prepare.norm.place import Placement, Placements, place
from headstart.prepare.norm.recalibrate import recalibrate
from headstart.prepare.norm.reference import BatchNorm, batch_norm_backward
from headstart.prepare.norm.report import Change, Kept, Report
from headstart.prepare.norm.weight import WeightStandardization, weight_standardize

__all__ = [
    "BatchNorm",
    "Change",
    "FrozenBatchNorm",
    "Kept",
    "Moments",
    "Placement",
    "Placements",
    "Report",
    "WeightStandardization",
    "batch_norm_backward",
    "convert",
    "fold",
    "place",
    "recalibrate",
    "weight_standardize",
]
