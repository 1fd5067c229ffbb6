"""What does a billing team look at? One file a page, listed in `service/registry.py`.

Pages are made on the server of the elements of `report/html/markup.py`; htmx asks for parts of them anew. Nothing in
them runs but the scripts of `service/static`.
"""
