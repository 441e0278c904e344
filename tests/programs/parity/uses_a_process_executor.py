import concurrent.futures
import multiprocessing
import os


def leave(x):
    os._exit(x)


if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        print(pool.submit(pow, 2, 10).result())
        print(type(pool.submit(leave, 3).exception()).__name__)
