"""How is it said that something is wrong, where, and what to do next?"""
