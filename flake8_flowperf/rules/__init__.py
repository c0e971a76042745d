"""One module a rule, over ast only; each proves the facts of one anti-pattern and yields findings."""
