"""A recording as a file: lines of JSON, written and read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.visible import visible_json
from billpolicy.recording.record import FORM, Recorded, RecordedOperation, RecordedPolicy
from billpolicy.recording.sound import Sound
from billpolicy.source.codec import CodecError, decode, encode
from billpolicy.source.plain_file import is_there, plain_lines, read_plain
from billpolicy.source.write import plain_data

BEGINS = b'{"recording":'
"""How every recording begins: its first line is one of a policy."""
MAX_LINE = 16 * 1024 * 1024
"""Bytes of a line; a policy that is read is of files of 4 MB, and an operation has one line."""
_HOW = "name a file that `plan --record` or `post --record` wrote; it may be cut off"


def line(of: RecordedPolicy | RecordedOperation) -> str:
    """The line of a recording, with its end."""
    return visible_json(encode(plain_data(of))) + "\n"


def load_recording(path: str | Path) -> Iterator[Recorded]:
    """The operations of a recording, as they are asked for. Raises `Refused` where it cannot be read, or a line of it
    not."""
    file = str(path)
    policies: dict[str, RecordedPolicy] = {}
    sound = Sound()
    for number, text in enumerate(_lines(Path(path)), start=1):
        at = Position(file, number, 1)
        if number == 1 and not text.startswith(BEGINS):
            message = "this is no recording: its first line does not say by which policy something was decided"
            raise Refused([Diagnostic("recording-wrong", message, at, _HOW)])
        try:
            if text.startswith(BEGINS):
                policy = decode(RecordedPolicy, text)
                if policy.recording > FORM:
                    message = "this recording was made by a newer billpolicy, whose form is not known here"
                    raise Refused([Diagnostic("recording-wrong", message, at, "use that version to read it")])
                policies[policy.digest] = policy
            elif text.strip():
                operation = decode(RecordedOperation, text)
                known = policies[operation.digest] if operation.digest else None
                why_not = sound.why_not(operation, known)
                if why_not is not None:
                    message = f"this is no line of a recording that can be decided again: {why_not}"
                    raise Refused([Diagnostic("recording-wrong", message, at, "mend the line, or record anew")])
                yield Recorded(operation, known, at)
        except (CodecError, UnicodeDecodeError) as error:
            message = f"this is no line of a recording: {error}"
            raise Refused([Diagnostic("recording-wrong", message, at, _HOW)]) from None
        except KeyError:
            message = "no line before this one says what is known of the policy that it was decided by"
            hint = "give the recording from its beginning"
            raise Refused([Diagnostic("recording-wrong", message, at, hint)]) from None
    if not policies:
        message = "this recording is empty: it does not even say by which policy something was decided"
        raise Refused([Diagnostic("recording-wrong", message, Position(file), _HOW)])


def is_recording(path: str | Path) -> bool:
    """Whether a file begins as what `plan --record` and `post --record` write. Raises `OSError`."""
    return is_there(Path(path)) and Path(path).is_file() and read_plain(Path(path), len(BEGINS)) == BEGINS


def _lines(path: Path) -> Iterator[bytes]:
    try:
        yield from plain_lines(path, MAX_LINE)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"this recording cannot be read: {reason}"
        raise Refused(
            [Diagnostic("file-unreadable", message, Position(str(path)), "check the path and who may read it")]
        ) from None
