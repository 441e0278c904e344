import multiprocessing

SCALE = 3


def scaled(x):
    if x == 2:
        raise ValueError(f"no {x}")
    return SCALE * x


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(scaled, [0, 1, 3]))
        try:
            pool.map(scaled, [2])
        except ValueError as error:
            print("from the pool:", error)
