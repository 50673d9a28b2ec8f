"""Everything that touches the world, and the composition root that wires it.

May import every other package and is imported by none of them but the entry point.
"""
