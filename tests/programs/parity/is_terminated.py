import os
import signal
import time

print("working", flush=True)
os.killpg(os.getpgrp(), signal.SIGTERM)
time.sleep(60)
