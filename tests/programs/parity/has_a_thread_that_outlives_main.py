import pickle
import threading
import time


class Batch:
    pass


def work():
    time.sleep(0.3)
    print("still here:", pickle.loads(pickle.dumps(Batch())).__class__.__module__, flush=True)


threading.Thread(target=work).start()
print("main is over", flush=True)
