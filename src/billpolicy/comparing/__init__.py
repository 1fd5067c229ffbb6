"""What does a change of a policy change?"""
