import inspect
import sys
import traceback


def depth():
    return len(inspect.stack())


print(depth(), [frame.function for frame in inspect.stack()], sys._getframe().f_back)
traceback.print_stack()
