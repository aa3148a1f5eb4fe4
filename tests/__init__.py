"""The tests. See CONTRIBUTING.md for how they read."""

import sys

# jsonschema would make a grammar of IRIs, which nothing here asks for: a second in each process.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
