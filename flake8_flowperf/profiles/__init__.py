"""Where a program spends its time, as profilers wrote it down, and which functions of a source file that means."""
