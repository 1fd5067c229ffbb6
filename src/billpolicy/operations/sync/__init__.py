"""Following a newer book of the system of record: what it says otherwise, as operations on master data."""
