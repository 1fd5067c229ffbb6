"""What does somebody begin with: a folder for a company of their own, or a copy of a story?"""
