import threading


def work():
    raise OSError("the loader thread fails")


thread = threading.Thread(target=work, name="loader")
thread.start()
thread.join()
print("main goes on")
