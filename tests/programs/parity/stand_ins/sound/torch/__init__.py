loads = globals().get("loads", 0) + 1
print("torch is executed", __name__, __spec__.name, type(__loader__), __spec__.loader is __loader__)
