import importlib.util
import sys

for _ in range(2):
    spec = importlib.util.find_spec("torch")
    print(spec.name, spec.origin, type(spec.loader), spec.submodule_search_locations, spec.cached)
print(importlib.util.find_spec("torch.nothing_of_that_name") if "torch" in sys.modules else "not imported")
print(importlib.util.find_spec("no_such_module"))
