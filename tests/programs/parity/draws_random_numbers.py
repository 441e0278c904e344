import random
import uuid

random.seed(7)
print(random.random(), random.gauss(0, 1), random.sample(range(100), 5))
print(uuid.UUID(int=random.getrandbits(128)), hash((1, 2.5)), id(None) == id(None))
