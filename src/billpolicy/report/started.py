"""What `init` answers to programs: what it wrote, or which stories there are."""

from __future__ import annotations

from billpolicy.source.record import record


@record
class StoryReport:
    """A story that can be copied."""

    name: str
    title: str


@record
class StartedReport:
    """A folder that was begun with its files, or all stories that one could begin with."""

    folder: str | None = None
    files: tuple[str, ...] = ()
    """In this folder, in the order of their names."""
    stories: tuple[StoryReport, ...] = ()
