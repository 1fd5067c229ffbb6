"""How do tables of other programs, as CSV or Excel, become a book?"""
