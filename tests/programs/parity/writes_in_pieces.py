import os
import sys

sys.stdout.write("half a ")
sys.stdout.flush()
sys.stderr.write("without a newline")
os.write(1, b"raw ")
print("line", end="\r")
print("no newline at the end", end="")
