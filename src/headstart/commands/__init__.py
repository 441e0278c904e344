"""One file a command: its function has the file's name, its docstring is its `--help`, with an example."""

ORDER = ("demo", "run", "report", "fix", "check", "stats", "lab", "explain", "view", "notebooks")


def order(name: str) -> int:
    """The place of a command in `headstart --help`: by how a newcomer meets them."""
    return ORDER.index(name)
