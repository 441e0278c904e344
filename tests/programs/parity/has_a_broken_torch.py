import pathlib
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent / "stand_ins" / "broken"))
for _ in range(2):
    try:
        import torch
    except OSError:
        traceback.print_exc()
        print("torch" in sys.modules)
import torch
