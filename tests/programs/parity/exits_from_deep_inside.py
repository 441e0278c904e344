import sys


def leave(depth):
    try:
        if depth == 0:
            sys.exit(4)
        leave(depth - 1)
    finally:
        print("unwinding", depth)


try:
    leave(3)
except SystemExit as error:
    print("caught", error.code)
    raise SystemExit(5) from error
