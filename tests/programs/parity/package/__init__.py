print("the package", __name__)
