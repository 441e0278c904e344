import sys
import traceback


def hook(kind, error, trace):
    frames = traceback.extract_tb(trace)
    print("hooked", kind.__name__, error, [(frame.name, frame.lineno) for frame in frames], file=sys.stderr)


sys.excepthook = hook
1 / 0
