import os
import signal
import time

seen = []
signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
for _ in range(2):
    os.killpg(os.getpgrp(), signal.SIGINT)
    time.sleep(1.3)
print("interrupted", len(seen), "times")
