"""What a bill run bills: which days are due, what they cost, and on which documents they go. Pure, in minor units."""
