"""Whose turn it is: state tables and the machine that walks them, without I/O."""
