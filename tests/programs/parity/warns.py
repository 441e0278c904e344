import warnings


def old():
    warnings.warn("old() is going", DeprecationWarning, stacklevel=2)


for _ in range(2):
    old()
warnings.warn("a user's warning")
warnings.simplefilter("error")
warnings.warn("now an error", FutureWarning)
