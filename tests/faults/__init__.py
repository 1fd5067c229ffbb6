"""Faults that a ledger must outlive: processes killed, disks that fail, power that goes, connections that are lost.

What must hold after each of them, whatever it was and wherever it struck:

- the ledger is whole: `check()` finds nothing, and each operation is there with all that it does, or not at all;
- nothing that was acknowledged is lost, and at most what was under way when it struck is there besides;
- the same operations again complete it: it is then, number for number, as if nothing had ever happened.

Where to read on:

    places.py       where ledgers are kept, as these tests see it. **A new database is a class there**: how to make a
                    fresh ledger's address, copy one, see each statement, and go on after a crash.
    scenarios.py    what is done while the fault strikes: one operation, a chain, a group, an import, ...
    seen.py         all that a ledger says, to be compared.
    shim.c, disk.py what comes between SQLite and the disk (LD_PRELOAD), compiled when it is first wanted.
    breaking.py     a ledger that is kept badly on purpose: that must be noticed.
    points.py       a program: each statement and each call to the disk is a point at which to kill or to fail.
    power.py        a program: what is on the disk after a power cut, by a log of all writes and syncs.
    simulation.py   a program: many posters, step by step, by a seed, beside a model in plain dicts (model.py).
    soak.py         eight posters in processes of their own (poster.py), struck at random.
    running.py      runs these programs, for tests and for the script.
    sampling.py     a sample of what they try, for tests.
    tally.py        how often each fault was tried and what became of it, as a table.

`make test` tries a sample of all this, drawn by a printed seed (`FAULTS_SEED` draws the same again); `make
soak-ledger` tries every point, and then soaks.
"""
