"""What a rule may ask about a file; every fact is computed once, on first use."""

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.text import SourceText

__all__ = ["SourceFile", "SourceText"]
