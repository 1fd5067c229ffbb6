"""What does an accountant ask of a book, as of a day?"""
