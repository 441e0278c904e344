import os
import signal
import time

# As the terminal does on Ctrl-C: everyone in the process group gets it.
print("working", flush=True)
os.killpg(os.getpgrp(), signal.SIGINT)
time.sleep(60)
