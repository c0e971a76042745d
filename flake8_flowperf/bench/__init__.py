"""``flowperf-bench``: what each rule's rewrite gains on this machine and this Python.

One room, with nothing of flake8's plugin or of the fixer in it: ``cases`` holds the forms that are compared, one table
for each topic; ``measure`` times them; ``verdict`` judges; ``suite`` runs the cases; ``table``, ``plot`` and
``results`` tell.  ``results/*.json`` is what the command said on the Pythons that the documents speak of.
"""
