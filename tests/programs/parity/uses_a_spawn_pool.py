import multiprocessing
import sys


def square(x):
    return x * x, __name__, sys.argv[1:]


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.map(square, range(4)))
