"""How is it run, and how does a policy change under it?"""
