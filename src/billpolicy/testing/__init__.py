"""Does a policy decide what its tests say, and would they notice if it did not?"""
