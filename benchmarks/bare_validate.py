"""The peer of `billpolicy validate`: a bare typer + pydantic + PyYAML program that only parses the same files.

It has the shape of a policy file and nothing else: no positions, no vocabulary, no layers, no proofs.
"""

from pathlib import Path
from typing import Any

import typer
import yaml
from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Effective(Strict):
    from_: Any = None
    until: Any = None
    model_config = ConfigDict(extra="forbid", alias_generator=lambda name: name.rstrip("_"))


class Attribute(Strict):
    documents: list[str]
    type: str = "text"
    exhausted: str = "refuse"
    zuora: str | None = None


class Field(Strict):
    type: str
    values: list[str] = []


class Exception_(Strict):
    id: str
    operations: list[str]
    then: dict[str, Any]
    when: dict[str, Any] = {}
    overrides: list[str] = []
    effective: Effective | None = None
    because: str | None = None


class Series(Strict):
    prefix: str
    start: int = 1


class Proximo(Strict):
    due_day: int
    cutoff_day: int | None = None


class PaymentTerm(Strict):
    net: int | None = None
    proximo: Proximo | None = None


class Accounts(Strict):
    otherwise: str
    by_type: dict[str, str] = {}
    by_charge_type: dict[str, str] = {}
    because: str | None = None


class FollowUp(Strict):
    id: str
    after: str | None = None
    when: dict[str, Any] = {}
    then: str
    if_refused: str = "refuse"
    effective: Effective | None = None
    because: str | None = None


class PolicyFile(Strict):
    policy: str | None = None
    effective: Effective | None = None
    extends: str | None = None
    description: str | None = None
    attributes: dict[str, Attribute] = {}
    fields_: dict[str, Field] = {}
    defaults: dict[str, str] = {}
    reason_codes: dict[str, list[str]] = {}
    roles: dict[str, list[str]] = {}
    cash_steps: dict[str, Any] = {}
    every_operation: dict[str, Any] = {}
    operations: dict[str, dict[str, Any]] = {}
    exceptions: list[Exception_] = []
    follow_ups: list[FollowUp] = []
    batch_limits: dict[str, Any] = {}
    sequence_sets: dict[str, dict[str, Series]] = {}
    payment_terms: dict[str, PaymentTerm] = {}
    accounts: dict[str, str | Accounts] = {}


app = typer.Typer()


@app.command()
def validate(policy: Path) -> None:
    """Parse the files of a policy folder."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    paths = sorted(path for path in policy.glob("*.yaml") if ".test." not in path.name)
    files = [PolicyFile.model_validate(yaml.load(path.read_text(), loader)) for path in paths]
    typer.echo(f"{len(files)} files")


if __name__ == "__main__":
    app()
