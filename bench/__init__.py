"""
The measurements behind `docs/benchmarks.md`: `python -m bench`.

Nothing here is deployed. Each measure compares with a peer in the same run, for
a ratio means something on any machine and a duration does not.
"""
