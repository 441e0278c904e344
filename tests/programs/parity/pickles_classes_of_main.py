import copy
import pickle
import sys
from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int


data = pickle.dumps([Point(1, 2), Point])
print(pickle.loads(data), copy.deepcopy(Point(3, 4)), b"__main__" in data)
print(sys.modules["__main__"].Point is Point, Point.__module__)
