import sys

if sys.version_info >= (3, 11):
    raise ExceptionGroup("two workers failed", [ValueError("first"), TypeError("second")])
raise ValueError("first")
