"""Who may ask, and how is that known?"""
