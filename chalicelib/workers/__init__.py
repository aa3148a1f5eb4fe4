"""
Lambda entrypoints without HTTP, each deployed on its own handler string.

`app.py` is not imported there, and neither is pydantic.
"""
