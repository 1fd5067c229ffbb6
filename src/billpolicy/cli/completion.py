"""`billpolicy completion`: what makes a shell complete commands, options and values; and what answers it on TAB.

The shell calls this program with `_BILLPOLICY_COMPLETE` set: click's protocol. Where nothing is known, nothing is
offered and nothing is said, whatever is wrong.
"""

from __future__ import annotations

import contextlib
import io
import os

import click
from click.shell_completion import (
    BashComplete,
    FishComplete,
    add_completion_class,
    get_completion_class,
    shell_complete,
    split_arg_string,
)

from billpolicy.cli.options import format_option
from billpolicy.cli.output import write

VARIABLE = "_BILLPOLICY_COMPLETE"
"""The variable that a shell sets when it asks."""

# bash parts words at `:` and `=`, as in sqlite:///books.db, and replaces only what stands behind the last of them. So
# it is asked for the line as it was typed, and what stands before is left out of what is offered.
_BASH = r"""%(complete_func)s() {
    local type value current="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            plain) COMPREPLY+=("$value") ;;
            dir) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current") ;;
            file) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current") ;;
        esac
    done < <(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    compopt -o filenames
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
# click's own cuts a value at its first comma.
_FISH = r"""function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -t) \
        %(prog_name)s 2>/dev/null)
    for completion in $response
        set -l parts (string split -m 1 "," -- $completion)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                echo $parts[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


@add_completion_class
class _Bash(BashComplete):
    source_template = _BASH

    def source(self) -> str:
        return self.source_template % self.source_vars()  # without running a bash to ask its version

    def get_completion_args(self) -> tuple[list[str], str]:
        typed = os.environ["COMP_WORDS"]
        words = split_arg_string(typed)
        begins_another = len(split_arg_string(f"{typed}x")) > len(words)
        return (words[1:], "") if begins_another else (words[1:-1], words[-1])

    def complete(self) -> str:
        args, incomplete = self.get_completion_args()
        breaks = [sign for sign in os.environ.get("COMP_WORDBREAKS", "") if sign in ":="]
        left = max((incomplete.rfind(sign) + 1 for sign in breaks), default=0)
        offered = self.get_completions(args, incomplete)
        return "\n".join(f"{one.type},{one.value[left:] if one.type == 'plain' else one.value}" for one in offered)


@add_completion_class
class _Fish(FishComplete):
    source_template = _FISH


SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@format_option("text")
def command(shell: str, format: str) -> None:
    """Print the script that makes SHELL complete commands, options, policies, rules, operations and documents.

    \b
    bash: source <(billpolicy completion bash)        in ~/.bashrc
    zsh:  source <(billpolicy completion zsh)         in ~/.zshrc, after compinit
    fish: billpolicy completion fish | source         in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    write(kind(click.get_current_context().find_root().command, {}, "billpolicy", VARIABLE).source())


def answer(cli: click.Command) -> None:
    """Answer a shell that asks. Says nothing but what it offers."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(Exception, SystemExit):
        shell_complete(cli, {}, "billpolicy", VARIABLE, os.environ[VARIABLE])
