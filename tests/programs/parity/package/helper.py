def fail():
    raise LookupError("raised in the package")
