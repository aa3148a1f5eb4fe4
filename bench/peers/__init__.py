"""
What Plaudit is compared with: the same article read and the same review stored, written otherwise.

Each file is packaged as Plaudit is, and imports nothing of it.
"""
