"""Which countries are there, and which of them is meant by a name?"""
