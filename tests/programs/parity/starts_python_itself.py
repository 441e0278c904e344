import subprocess
import sys

for flags in ([], ["-I"], ["-E"], ["-P"] if sys.version_info >= (3, 11) else []):
    code = "import sys; print(sys.path[1:], 'sitecustomize' in sys.modules); sys.exit(3)"
    done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True)
    print(flags, done.returncode, done.stdout.decode(), done.stderr.decode())
