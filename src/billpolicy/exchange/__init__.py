"""Which files do others write for us, and what is their form?"""
