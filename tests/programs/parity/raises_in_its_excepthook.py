import sys


def hook(kind, error, trace):
    raise RuntimeError("the hook fails, too")


sys.excepthook = hook
1 / 0
