"""Several posters on one ledger, step by step in one thread, by a seed; after each step it is as the model says.

Between two steps of one the others take theirs: between reading and reading again, planning and posting, the groups of
a batch. The clock goes back, connections are lost in a transaction or after it, everything crashes and comes back, ids
are used again for the same and for something else, and much must be refused. The seed of a run makes the same run
again. Tells each fault as a line of JSON (`tally.py`).
"""

from __future__ import annotations

import argparse
import datetime
import random
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from copy import deepcopy
from typing import Any

import billpolicy
from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.store import Ledger, LedgerReader, LedgerWriter, create_ledger, open_ledger
from tests.faults.breaking import BREAKINGS
from tests.faults.model import Model, Operation, Refusing, amount_of
from tests.faults.places import Place, place_at
from tests.faults.scenarios import NOW, stock
from tests.faults.tally import Struck
from tests.helpers.scenes import versions

INVOICES = 6
BILLED = 900_00
POLICY = versions()
TODAY = NOW.date()
POSTERS = ("ana", "ben", "cem", "dua")
CHECKED = 20
"""The whole check runs after each so many steps, and after each crash."""

Steps = Generator[None]
"""What a poster does; at each `yield` others may come between."""


class Lost(Exception):
    """The connection is lost: nobody answers any more."""


class Unreliable:
    """A ledger whose connection is lost before the n-th statement of a transaction; at 0 after the commit."""

    def __init__(self, ledger: Ledger, lost_at: int) -> None:
        self.reading = ledger.reading
        self.committed = False
        self._ledger, self._left = ledger, lost_at
        self._after = lost_at == 0

    @contextmanager
    def writing(self) -> Iterator[LedgerWriter]:
        with self._ledger.writing() as writer:
            connection: Any = writer.connection
            for ask in ("rows", "each", "run", "insert"):
                setattr(connection, ask, self._counted(getattr(connection, ask)))
            yield writer
        self.committed = True
        if self._after:
            raise Lost

    def _counted(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **values: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                raise Lost
            return ask(*arguments, **values)

        return counted


class Simulation:
    """One run."""

    def __init__(self, place: Place, seed: int) -> None:
        self.chance = random.Random(seed)
        self.place, self.url = place, place.fresh()
        with create_ledger(self.url) as ledger:
            ledger.import_book(stock(INVOICES))
        self.model = Model(invoices={f"INV{n:08d}": BILLED for n in range(1, INVOICES + 1)}, counters={"INV": INVOICES})
        self.clock = NOW
        self.faults: list[str] = []
        """What was done to it, in order."""
        self._ids = 0
        self._refused: list[Operation] = []
        self._open()

    def run(self, steps: int) -> None:
        """So many steps. Raises `AssertionError` at the first after which the ledger is not as the model says."""
        for n in range(steps):
            self._tick()
            if self.chance.random() < 0.02:
                self._crash()
            else:
                name = self.chance.choice(POSTERS)
                next(self.posters[name])
            self._compare()
            if n % CHECKED == 0:
                self._check()
        self._check()
        self.close()
        with open_ledger(self.url) as ledger:
            assert ledger.check() == []

    def close(self) -> None:
        """Nobody has it open any more."""
        for poster in self.posters.values():
            with suppress(Refused):  # the server it was in the middle of something with may be gone
                poster.close()
        for ledger in (*self.ledgers.values(), self.looking):
            ledger.close()

    # -- the world ------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.ledgers = {name: open_ledger(self.url) for name in POSTERS}
        self.looking = open_ledger(self.url)
        self.posters = {name: self._poster(name) for name in POSTERS}

    def _crash(self) -> None:
        self.faults.append("all processes end at once")
        crashed = self.url
        self.url = self.place.crash(crashed)
        self.close()
        self._open()
        self._check()

    def _tick(self) -> None:
        if self.chance.random() < 0.1:
            self.faults.append("the clock goes back")
            self.clock -= datetime.timedelta(minutes=self.chance.randint(1, 5000))
        else:
            self.clock += datetime.timedelta(seconds=self.chance.randint(0, 90))

    def _check(self) -> None:
        problems = self.looking.check()
        assert problems == [], "\n".join(map(str, problems))

    def _compare(self) -> None:
        with self.looking.reading() as reader:
            assert_same(reader, self.model)

    # -- what posters do ------------------------------------------------------------------------------------------

    def _poster(self, name: str) -> Steps:
        flows: tuple[Callable[[str], Steps], ...] = (
            self._posts,
            self._posts,
            self._plans_and_posts,
            self._posts_groups,
            self._reads,
            self._loses_the_connection,
            self._asks_again,
            self._takes_an_id,
        )
        while True:
            yield from self.chance.choice(flows)(name)

    def _posts(self, name: str) -> Steps:
        self._post(name, self._operation())
        yield

    def _plans_and_posts(self, name: str) -> Steps:
        """A plan is posted as it was made, or refused where something that it relies on is another one by now."""
        operation, before = self._operation(), len(self.model.posted)
        try:
            plan = billpolicy.plan(POLICY, self.ledgers[name], operation, today=TODAY)
        except Refused:
            self._must_refuse(operation)
            return
        yield
        try:
            posted = billpolicy.post(POLICY, self.ledgers[name], plan, who=name, now=self.clock, today=TODAY)
        except Refused as refusal:
            if len(self.model.posted) == before:
                raise AssertionError("it is out of date, and nothing was posted since") from refusal
            self.faults.append("a plan is out of date")
        else:
            assert self._numbers(posted) == self.model.post(operation, name, self.clock)
        yield

    def _posts_groups(self, name: str) -> Steps:
        operations = [self._operation() for _ in range(4)]
        asked = iter(operations)
        outcomes = billpolicy.post_all(
            POLICY, self.ledgers[name], operations, who=name, group=2, now=lambda: self.clock, today=TODAY
        )
        for n, outcome in enumerate(outcomes):
            if n % 2 == 0:  # the group was committed as its first outcome was asked for
                expected = [self._by_the_model(next(asked), name) for _ in range(2)]
            found = None if outcome.posted is None else self._numbers(outcome.posted)
            assert found == expected[n % 2], f"{outcome.job.id}: {found} {expected} {outcome.problems}"
            if n % 2 == 1:
                yield

    def _reads(self, name: str) -> Steps:
        """A reader sees one moment, that of what it reads first, whatever the others do meanwhile."""
        then = deepcopy(self.model)
        with self.ledgers[name].reading() as reader:
            assert_same(reader, then)
            for _ in range(self.chance.randint(1, 5)):
                yield
                assert_same(reader, then)

    def _loses_the_connection(self, name: str) -> Steps:
        """And asks again, since nobody told what became of it."""
        operation, lost_at = self._operation(), self._when_to_lose_it()
        ledger = Unreliable(self.ledgers[name], lost_at)
        try:
            billpolicy.post(POLICY, ledger, operation, who=name, now=self.clock, today=TODAY)
        except Refused:
            self._must_refuse(operation)
            return
        except Lost:
            self.faults.append(f"a connection is lost {'before' if lost_at else 'after'} the commit")
        if ledger.committed:
            self._by_the_model(operation, name)  # of what was refused, nothing was committed
        yield
        self._post(name, operation)
        yield

    def _when_to_lose_it(self) -> int:
        """After the commit, while the ledger is read, or while it is written: that begins after some 30 statements."""
        return self.chance.choice((0, self.chance.randint(1, 30), self.chance.randint(31, 70)))

    def _asks_again(self, name: str) -> Steps:
        """For what was posted, by whomever; or was refused, and may be possible by now."""
        known = [operation for operation, *_ in self.model.posted.values()] + self._refused
        if known:
            self.faults.append("the same is asked for again")
            self._post(name, self.chance.choice(known))
        yield

    def _takes_an_id(self, name: str) -> Steps:
        """For something else."""
        if self.model.posted:
            self.faults.append("an id is used for something else")
            operation = {**self._operation(), "id": self.chance.choice([*self.model.posted])}
            self._post(name, operation)
        yield

    def _post(self, name: str, operation: Operation) -> None:
        expected = self._by_the_model(operation, name)
        try:
            posted = billpolicy.post(POLICY, self.ledgers[name], operation, who=name, now=self.clock, today=TODAY)
        except Refused as refusal:
            if expected is not None:
                raise AssertionError(f"{operation} is refused: {refusal}") from refusal
        else:
            assert self._numbers(posted) == expected, f"{operation}: {self._numbers(posted)}, not {expected}"

    def _by_the_model(self, operation: Operation, name: str) -> list[str] | None:
        try:
            return self.model.post(operation, name, self.clock)
        except Refusing:
            self.faults.append("what cannot be done is asked for")
            self._refused.append(operation)
            return None

    def _must_refuse(self, operation: Operation) -> None:
        assert self._by_the_model(operation, "") is None, f"{operation} is refused"

    def _numbers(self, posted: billpolicy.Posted) -> list[str]:
        return [one.document.number for one in posted.plan.documents]

    # -- what is asked for ----------------------------------------------------------------------------------------

    def _operation(self) -> Operation:
        """Something new on whatever there is; about one in five asks for more than there is."""
        self._ids += 1
        payments = [number for number in self.model.sources if number.startswith("P-")]
        makers = [self._credit, self._write_off, self._pay, self._pay]
        makers += [self._apply, self._refund] if payments else []
        makers += [self._unapply] if any(of in payments for of, _ in self.model.put) else []
        return {"id": f"op-{self._ids}", "date": TODAY.isoformat(), **self.chance.choice(makers)()}

    def _credit(self) -> dict[str, Any]:
        invoice = self._invoice()
        left = self.model.invoices[invoice] - self.model.credited.get(invoice, 0)
        items = [{"item": "x", "amount": self._some_of(left)}]
        return {"operation": "credit_memo_from_invoice", "invoice": invoice, "items": items}

    def _write_off(self) -> dict[str, Any]:
        return {"operation": "write_off_invoice", "invoice": self._invoice()}

    def _pay(self) -> dict[str, Any]:
        amount = self.chance.randint(1, 300_00)
        asked = {"operation": "create_payment", "account": "a", "amount": amount_of(amount)}
        if self.chance.random() < 0.5:
            return asked
        invoice = self._invoice()
        return {**asked, "apply": self._put(invoice, min(amount, self.model.open_of(invoice)))}

    def _apply(self) -> dict[str, Any]:
        payment, invoice = self._payment(), self._invoice()
        most = min(self.model.left_of(payment), self.model.open_of(invoice))
        return {"operation": "apply_payment", "payment": payment, "apply": self._put(invoice, most)}

    def _unapply(self) -> dict[str, Any]:
        (payment, invoice), cents = self.chance.choice(
            [one for one in self.model.put.items() if one[0][0].startswith("P-")]
        )
        return {"operation": "unapply_payment", "payment": payment, "unapply": self._put(invoice, cents)}

    def _refund(self) -> dict[str, Any]:
        payment = self._payment()
        return {"operation": "create_refund", "of": payment, "amount": self._some_of(self.model.left_of(payment))}

    def _put(self, invoice: str, most: int) -> list[dict[str, Any]]:
        return [{"document": invoice, "amount": self._some_of(most)}]

    def _invoice(self) -> str:
        return self.chance.choice([*self.model.invoices])

    def _payment(self) -> str:
        return self.chance.choice([number for number in self.model.sources if number.startswith("P-")])

    def _some_of(self, most: int) -> str:
        """Up to so many cents, or a bit more than that."""
        if most < 1 or self.chance.random() < 0.2:
            return amount_of(most + self.chance.randint(1, 500))
        return amount_of(self.chance.randint(1, most))


def assert_same(reader: LedgerReader, model: Model) -> None:
    """A ledger holds what the model does, to the cent and in the same order."""
    book: Book = reader.book(Needs(everything=True))
    put: dict[tuple[str, str], int] = {}
    for one in (one for made in book.applications_from.values() for one in made):
        put[one.from_, one.to] = put.get((one.from_, one.to), 0) + _cents(one.amount)
    done = reader.journal().done
    _expect("balances", {number: _cents(book.balance(one)) for number, one in book.numbered.items()}, model.balances())
    _expect("applications", _without_zeros(put), _without_zeros(model.put))
    _expect("counters", dict(book.counters), model.counters)
    _expect(
        "operations",
        {id: (one.audit.who, one.audit.at) for id, one in done.items()},
        {id: (who, at) for id, (_, _, who, at) in model.posted.items()},
    )
    _expect("order", dict(enumerate(done)), dict(enumerate(model.posted)))


def _expect(what: str, found: dict[Any, Any], expected: dict[Any, Any]) -> None:
    names = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
    differing = ", ".join(f"{name}: {found.get(name)}, not {expected.get(name)}" for name in names)
    assert not names, f"{what} are not as the model says: {differing}"


def _without_zeros(put: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    return {key: cents for key, cents in put.items() if cents}


def _cents(amount: Any) -> int:
    return int(amount * 100)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", help="where to make ledgers, like sqlite:////tmp/folder; else in files of their own")
    parser.add_argument("--seed", type=int, default=0, help="of the first run; each has the next one")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--steps", type=int, default=300, help="in each run")
    parser.add_argument("--broken", choices=BREAKINGS, help="on a ledger that is not kept well")
    options = parser.parse_args(arguments)
    broken = BREAKINGS[options.broken] if options.broken else nullcontext
    with broken(), place_at(options.url) as place:
        for seed in range(options.seed, options.seed + options.runs):
            for struck in struck_in(Simulation(place, seed), options.steps, seed):
                print(struck.line(), flush=True)


def struck_in(simulation: Simulation, steps: int, seed: int) -> Iterator[Struck]:
    """Each fault of a run; the last one has what came of it."""
    problem = None
    try:
        simulation.run(steps)
    except Exception as error:  # whatever it is, it is told with the seed
        problem = f"--seed {seed} --steps {steps}, after {len(simulation.faults)} faults: {error!r}"
        simulation.close()
    yield from (Struck(f"simulated: {fault}", True) for fault in simulation.faults)
    yield Struck("simulated: a whole run", problem is None, problem=problem)


if __name__ == "__main__":
    main(sys.argv[1:])
