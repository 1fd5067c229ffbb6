"""How is what was found shown on a page that a browser opens: complete in itself, nothing fetched?"""
