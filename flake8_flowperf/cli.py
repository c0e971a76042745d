"""flowperf-fix's door."""
