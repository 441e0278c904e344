import sys

from . import helper

print(__name__, __package__, __file__, __spec__.name, sys.argv, sys.path, sys.orig_argv[1:])
helper.fail()
