"""The peer of `billpolicy --help`: a program of one Click command that says one line."""

import click


@click.command()
def hello() -> None:
    """Say one line."""
    click.echo("hello")


if __name__ == "__main__":
    hello()
