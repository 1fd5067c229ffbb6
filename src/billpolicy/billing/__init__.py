"""Which days are due, what do they cost, and on which documents do they go? Pure, in minor units."""
