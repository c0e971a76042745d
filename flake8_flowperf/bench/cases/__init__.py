"""The forms that are compared: a module for each topic, found by walking this folder; ``CASES`` is its table.

The code here is what the rules report and what the guide and the fixes write instead, so it is not to be improved.
"""
