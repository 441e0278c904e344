"""The program as it is, in a fork: what the time of tools in the loop is taken over."""

import torch  # noqa: F401

from adapters import Wired


class Wiring(Wired):
    pass
