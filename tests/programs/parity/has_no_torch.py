import sys

sys.path[:] = [path for path in sys.path if "site-packages" not in path and "dist-packages" not in path]
try:
    import torch
except ImportError as error:
    print(type(error), error.name, error.path, error)
import torch
