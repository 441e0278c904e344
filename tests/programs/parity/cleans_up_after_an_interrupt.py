import os
import signal
import time

try:
    os.killpg(os.getpgrp(), signal.SIGINT)
    time.sleep(60)
except KeyboardInterrupt:
    print("saving", flush=True)
    time.sleep(0.7)  # a second interrupt would end this
    print("saved", flush=True)
