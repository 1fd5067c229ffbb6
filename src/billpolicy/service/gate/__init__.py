"""What does every request pass?"""
