import os
import signal

print("out of memory", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
