"""What quick readers of files give: the sections of a file, one after the other, each entry read when it is asked for.

A file of sections is a mapping whose values are lists. Only one entry is in memory as plain data at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Sections = Iterator[tuple[str, Iterator[Any]]]
"""The entries of a section have to be taken before the next section is asked for."""
