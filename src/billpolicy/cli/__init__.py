"""What does a person type? `billpolicy COMMAND`, one file a command, imported only when it runs.

Exit codes: 0 done, 1 findings or a refused operation, 2 wrong usage, 3 internal error.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

import billpolicy
from billpolicy.cli.logs import OPTION, VARIABLE, begin_log, log
from billpolicy.source.collector import collector_paused

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Command -> the module that holds its `command`, and its line in `billpolicy --help`. Adding a command is one line.
COMMANDS = {
    "init": ("billpolicy.cli.init", "Begin: a policy of your own with what is needed to try it, or a copy of a story."),
    "validate": ("billpolicy.cli.validate", "Check a policy: every problem with its place and a hint."),
    "test": ("billpolicy.cli.test", "Run the tests of a policy, and see what they cover and would notice."),
    "lint": ("billpolicy.cli.lint", "Say what in a policy that is right could be better."),
    "analyze": ("billpolicy.cli.analyze", "Prove what holds of a policy over all facts, and find what does not."),
    "affected": ("billpolicy.cli.affected", "Print the policies that a change concerns, or run a command on them."),
    "diff": ("billpolicy.cli.diff", "Say what a change of a policy changes, proven, and for which operations."),
    "explain": ("billpolicy.cli.explain", "Show how each attribute of each document is resolved, and why."),
    "plan": ("billpolicy.cli.plan", "Dry run: documents, numbers, applications, balances. Changes nothing."),
    "post": ("billpolicy.cli.post", "Plan operations and post them to a ledger."),
    "waiting": ("billpolicy.cli.waiting", "List the operations that wait in a ledger for approvals."),
    "approve": ("billpolicy.cli.approve", "Approve operations that wait in a ledger."),
    "withdraw": ("billpolicy.cli.withdraw", "Let operations that wait for approvals do so no more."),
    "replay": ("billpolicy.cli.replay", "Decide again what was recorded: which outcomes would differ."),
    "serve": ("billpolicy.cli.serve", "Serve a policy over HTTP, for programs, and as pages to look at it."),
    "resolve": ("billpolicy.cli.resolve", "Decide each row of a file, Parquet or CSV, of any length, without a book."),
    "matrix": ("billpolicy.cli.matrix", "Print which level each operation inherits each attribute from."),
    "report": ("billpolicy.cli.report", "Tell what is open, moved or owed, as of any day: aging, statements and more."),
    "ledger": ("billpolicy.cli.ledger", "Create, load, read and check a ledger."),
    "import-csv": ("billpolicy.cli.import_csv", "Make a book of tables, as CSV or Excel, by a mapping file."),
    "completion": ("billpolicy.cli.completion", "Print what makes a shell complete commands, rules and documents."),
    "rule": ("billpolicy.cli.rule", "Say what the code of a diagnostic means, with an example and its mend."),
    "schema": ("billpolicy.cli.schema", "Print or write the JSON Schemas for editors."),
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are run, so that `--help` and each command start at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with collector_paused():
            command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        gc.freeze()  # what a command is made of stays to its end, and need not be searched for garbage
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """The commands with their lines, of which none is imported for it; and the options."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=doc) for name, (_, doc) in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is typed. Raises `UsageError` with the one that was meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"No such command {args[0]!r}.{_meant(args[0])}", ctx)
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and (current := log()) is not None:
            below = rest[:1] if isinstance(command, click.Group) and rest[:1] and rest[0] in command.commands else []
            current.started(" ".join([name, *below]))
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it raises is said in the format that it was asked for."""
        from billpolicy.cli.output import fail, telling
        from billpolicy.report.columns import use_terminal

        use_terminal(shutil.get_terminal_size().columns if sys.stdout.isatty() else None)
        with telling(ctx):
            try:
                return super().invoke(ctx)
            except click.NoSuchOption as error:
                if error.option_name != OPTION or error.ctx is None:
                    raise
                before = error.ctx.command_path.replace("billpolicy", f"billpolicy {OPTION} json", 1)
                raise click.UsageError(f"{OPTION} stands before the command: {before} ...", error.ctx) from None
            except (click.ClickException, click.exceptions.Exit, click.exceptions.Abort, BrokenPipeError):
                raise
            except Exception as error:
                ctx.exit(fail(error))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, doc) for name, (_, doc) in COMMANDS.items()])


_OTHER_WORDS = {"apply": "post", "check": "validate", "run": "post", "simulate": "plan", "verify": "validate"}
"""What programs that do the same are asked for -> the command here."""


def _meant(word: str) -> str:
    """Which command was meant, if it can be told."""
    from billpolicy.diagnostics.meaning import meant

    of_ledgers = importlib.import_module(COMMANDS["ledger"][0]).command.commands
    found = _OTHER_WORDS.get(word) or (f"ledger {word}" if word in of_ledgers else None)
    found = found or next(iter(meant(word, sorted(COMMANDS))), None)
    return f" Did you mean {found!r}?" if found else ""


def _tell_version(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    """The program, who matches rules where nobody says, and the standard policy that came with it."""
    if not asked or ctx.resilient_parsing:
        return
    found = billpolicy.about()
    click.echo(f"billpolicy {found.version}")
    click.echo(f"rules engine: {found.engine or 'none; plain Python decides the same'}")
    click.echo(f"standard policy: digest {found.standard[:12]}")
    ctx.exit()


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 140})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_tell_version,
    help="Show the version of the program, of the rules engine and of the standard policy, and exit.",
)
@click.option(
    OPTION,
    type=click.Choice(["text", "json"]),
    envvar=VARIABLE,
    default="text",
    expose_value=False,
    help="How notes, progress and outcomes are told on stderr; json: a line each, for what collects logs.",
)
def cli() -> None:
    """Say, check and prove billing policy: where credit memos, debit memos, write-offs, reversals, payments and
    refunds take their bill-to contact, payment term and numbers from."""


def main() -> None:
    """Run the command line; no traceback ever reaches a user unless BILLPOLICY_DEBUG is set."""
    # pydantic looks through every installed package for plugins at its start; this program has none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to fail
    if "_BILLPOLICY_COMPLETE" in os.environ:
        from billpolicy.cli.completion import answer

        answer(cli)
        sys.exit(0)
    begun = begin_log(sys.argv[1:])
    code = _run()
    if begun is not None:
        begun.finished(code)
    gc.freeze()  # what is left goes with the process: Python need not search it for garbage first
    sys.exit(code)


def _run() -> int:
    """Run a command, and give its exit code."""
    try:
        # Commands return nothing; what click returns is the code of an `Exit`.
        return cli.main(prog_name="billpolicy", standalone_mode=False) or 0
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        from billpolicy.cli.output import show_usage

        show_usage(error)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        from billpolicy.cli.output import fail

        return fail(error)
