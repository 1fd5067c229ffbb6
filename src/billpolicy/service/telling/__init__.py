"""What are logs and metrics told?"""
