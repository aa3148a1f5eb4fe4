"""
What the commands of a deployment share.

Nothing here is deployed; `localdev` reads the tables' template through it.
"""
