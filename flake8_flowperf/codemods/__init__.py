"""One module a fixable rule: ``fix(finding, source, settings)`` turns a finding's facts into edits, or says NoFix."""
