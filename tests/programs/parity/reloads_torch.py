import importlib
import importlib.util
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "stand_ins" / "sound"))
spec = importlib.util.find_spec("torch")
import torch

print(torch.loads, vars(torch.__loader__), type(spec.loader), spec.loader.get_filename())
print(importlib.reload(torch).loads, sorted(vars(torch)))
del sys.modules["torch"]
import torch

print(torch.loads, [getattr(finder, "__name__", "") for finder in sys.meta_path][-3:])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
spec.loader.exec_module(module)
print(module.loads, vars(spec.loader))
