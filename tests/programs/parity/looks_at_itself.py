import os
import signal
import sys
import threading
import warnings

print(__name__, __file__, __spec__, __loader__.__class__, globals().get("__cached__"), __builtins__)
print(sys.argv, sys.path, sys.flags, sys.orig_argv[1:], sys.executable)
print(sorted(globals()))
print(sorted(sys.modules))
print(os.getcwd(), sorted(os.environ.keys() - {"PYTHONPATH", "HEADSTART_RECORD"}))
print([signal.getsignal(number) for number in sorted(signal.valid_signals())])
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), threading.enumerate()[0].name, threading.active_count())
print(sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__, sys.gettrace(), sys.getprofile())
print(sys.path_hooks[1:], sorted(path for path in sys.path_importer_cache if "site-packages" not in path))
print(warnings.filters, sys.getrecursionlimit(), sys.getswitchinterval(), sys.stdout, sys.stderr)
print(sorted(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else "")
print("sitecustomize" in sys.modules, [getattr(finder, "__name__", "") for finder in sys.meta_path][-3:])
