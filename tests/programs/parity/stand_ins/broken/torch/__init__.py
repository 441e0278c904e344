import ctypes

ctypes.CDLL("libcudart-of-no-machine.so")
