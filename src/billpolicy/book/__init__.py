"""What is known as of one moment, what does a change do to it, and what must always hold?"""
