"""Renderers: `render(diagnosis, record) -> str`; none of them writes a file."""
