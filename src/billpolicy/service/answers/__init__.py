"""How is it answered, and how is it said what can be asked?"""
