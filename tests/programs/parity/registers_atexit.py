import atexit
import pickle


class Config:
    lr = 0.1


def fails():
    raise ValueError("raised at exit")


atexit.register(print, "last")
atexit.register(fails)
atexit.register(lambda: print("pickled at exit:", type(pickle.loads(pickle.dumps(Config()))).__name__))
print("main is over")
