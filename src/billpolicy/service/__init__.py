"""How is a policy asked over HTTP, and looked at in a browser?

A program sends operations and gets what they would do, or posts them; a person sees the same as pages. Both are
answered by the public API and nothing else: what the service adds is who may ask what, and under which policy it was
answered.
"""
