"""The record of one run: the wall between the training process and everything else.

The left side (`monitor/`) gives the writer packed figures; the right side reads frozen values. Neither torch nor
NumPy is needed here. Use `read_record`, never SQL: the schema may change between versions, these names do not.
"""

from headstart.record.reader import Record, newest, prune, read_record
from headstart.record.schema import FIGURES, RARE, SCHEMA, SCHEMA_VERSION, TENSORS
from headstart.record.values import (
    Input,
    Layer,
    Loader,
    Loss,
    Mode,
    Optimizer,
    Parameter,
    Samples,
    Series,
    Targets,
    Values,
)
from headstart.record.writer import Writer, end_record, pack

__all__ = [
    "FIGURES",
    "RARE",
    "SCHEMA",
    "SCHEMA_VERSION",
    "TENSORS",
    "Input",
    "Layer",
    "Loader",
    "Loss",
    "Mode",
    "Optimizer",
    "Parameter",
    "Record",
    "Samples",
    "Series",
    "Targets",
    "Values",
    "Writer",
    "end_record",
    "newest",
    "pack",
    "prune",
    "read_record",
]
