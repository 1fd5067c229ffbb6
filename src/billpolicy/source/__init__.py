"""How does text become data that knows its places, and typed records, and back?"""
