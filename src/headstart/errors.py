"""The one error type: what was given, what was expected, what to do.

Inner code raises it with the fault alone; the public function or command that the user called prints it. A command
ends with status 2 after it, and a traceback never leaves the package for bad input.
"""

from __future__ import annotations


class HeadstartError(Exception):
    """Bad input, said once and clearly.

    `what` is the fault with the value that was given, `do` the next step that the user can take. Both are whole
    sentences without a trailing full stop.

    Example:
        >>> try:
        ...     hs.models.SimpleNet(activation="relo")
        ... except hs.HeadstartError as error:
        ...     print(error)
        There is no activation 'relo'; did you mean 'relu'?
          Give one of 'relu', ...
    """

    def __init__(self, what: str, do: str) -> None:
        self.what = what
        self.do = do
        super().__init__(f"{what}\n  {do}")
