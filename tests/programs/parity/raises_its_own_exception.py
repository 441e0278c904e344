class Diverged(Exception):
    def __str__(self):
        return "the loss is\nnot a number"


raise Diverged(3)
