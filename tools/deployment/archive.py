"""The order of a zip's files, which Chalice takes from the file system."""

import zipfile
from pathlib import Path


def sort(archive: Path) -> None:
    """Write a zip again in the order of its names, so that every machine makes the same one."""
    with zipfile.ZipFile(archive) as opened:
        entries = [
            (entry, opened.read(entry))
            for entry in sorted(opened.infolist(), key=lambda entry: entry.filename)
        ]
    with zipfile.ZipFile(archive, "w") as written:
        for entry, content in entries:
            written.writestr(entry, content, compresslevel=9)
