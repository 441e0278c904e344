import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "stand_ins" / "sound"))


class Interrupting:
    def write(self, text):
        sys.stdout = sys.__stdout__
        os.killpg(os.getpgrp(), signal.SIGINT)


sys.stdout = Interrupting()
import torch
