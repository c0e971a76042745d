"""Where an import goes, what is reused, and what is removed."""

from __future__ import annotations

import ast

import pytest

from flake8_flowperf.fixing import gates, imports
from flake8_flowperf.fixing.imports import CannotImport, CannotRemove
from flake8_flowperf.fixing.loop import apply_edits
from flake8_flowperf.model import Import
from flake8_flowperf.source import SourceFile

SYS, DEQUE, JSON = Import("sys"), Import("collections", "deque"), Import("json")
INSERTED = {
    "empty head": ("use()\n", [SYS], "import sys\n\nuse()\n"),
    "above a function": ("def f(): use()\n", [SYS], "import sys\n\n\ndef f(): use()\n"),
    "above a decorated function": ("@d\ndef f(): use()\n", [SYS], "import sys\n\n\n@d\ndef f(): use()\n"),
    "below the comments of the head": ("#!/bin/python\n# (c)\n\nuse()\n", [SYS], "#!/bin/python\n# (c)\n\nimport sys\n\nuse()\n"),
    "below the docstring": ('"""Doc."""\n\nuse()\n', [SYS], '"""Doc."""\n\nimport sys\n\nuse()\n'),
    "docstring only": ('"""Doc."""\nuse()\n', [SYS], '"""Doc."""\n\nimport sys\n\nuse()\n'),
    "below __future__": ("from __future__ import annotations\nuse()\n", [SYS], "from __future__ import annotations\n\nimport sys\nuse()\n"),
    "sorted, in the middle": ("import os\nimport typing\nuse()\n", [SYS], "import os\nimport sys\nimport typing\nuse()\n"),
    "sorted, first": ("import typing\nuse()\n", [SYS], "import sys\nimport typing\nuse()\n"),
    "sorted, from after plain": ("import os\n\nimport rich\nuse()\n", [DEQUE], "import os\nfrom collections import deque\n\nimport rich\nuse()\n"),
    "unsorted: at the end": ("import typing\nimport os\nuse()\n", [SYS], "import typing\nimport os\nimport sys\nuse()\n"),
    "above the third party": ("import rich\nuse()\n", [SYS], "import sys\n\nimport rich\nuse()\n"),
    "several": ("import os\nuse()\n", [SYS, DEQUE, SYS, JSON], "import json\nimport os\nimport sys\nfrom collections import deque\nuse()\n"),
    "there already": ("import sys\nuse()\n", [SYS], "import sys\nuse()\n"),
    "there already, conditionally": ("if x:\n    import sys\nuse()\n", [SYS], "import sys\n\nif x:\n    import sys\nuse()\n"),
    "crlf": ("import os\r\nuse()\r\n", [SYS], "import os\r\nimport sys\r\nuse()\r\n"),
    "semicolon": ("import os; x = 1\nuse()\n", [SYS], "import os; x = 1\nimport sys\nuse()\n"),
    "no final newline": ("import os;use()", [SYS], "import os;use()\nimport sys\n"),
    "imports below the use do not count": ("use()\nimport os\n", [SYS], "import sys\n\nuse()\nimport os\n"),
    "comment above the first": ("# why\nimport rich\nuse()\n", [SYS], "# why\nimport rich\nimport sys\nuse()\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", INSERTED)
def test_insertion(name: str) -> None:
    text, wanted, expected = INSERTED[name]
    source = SourceFile.parse(text)
    first_use = text.index("use(") if name != "no final newline" else len(text)
    assert apply_edits(text, imports.insertion(source, wanted, first_use)) == expected


REFERENCES = {
    "new": ("use()", "subprocess.run", ("subprocess.run", (Import("subprocess"),))),
    "reused": ("import subprocess\nuse()", "subprocess.run", ("subprocess.run", ())),
    "reused alias": ("import subprocess as sp\nuse()", "subprocess.run", ("sp.run", ())),
    "reused name": ("from subprocess import run as go\nuse()", "subprocess.run", ("go", ())),
    "not one of a block": ("if x:\n    import subprocess as sp\nuse()", "subprocess.run", ("subprocess.run", (Import("subprocess"),))),
    "hidden alias": ("import subprocess as sp\ndef f(sp): use()", "subprocess.run", ("subprocess.run", (Import("subprocess"),))),
    "hidden": ("def f(subprocess): use()", "subprocess.run", None),
    "something else": ("subprocess = 1\nuse()", "subprocess.run", None),
    "star": ("from x import *\nuse()", "subprocess.run", None),
    "a module": ("use()", "sys", ("sys", (Import("sys"),))),
}  # fmt: skip


@pytest.mark.parametrize("name", REFERENCES)
def test_reference(name: str) -> None:
    text, wanted, expected = REFERENCES[name]
    source = SourceFile.parse(text)
    (node,) = [node for node in ast.walk(source.module) if isinstance(node, ast.Name) and node.id == "use"]
    if expected is None:
        with pytest.raises(CannotImport, match="may mean something else"):
            imports.reference(source, node, wanted)
    else:
        assert imports.reference(source, node, wanted) == expected


REMOVED = {
    "alone": ("import os\nx = 1\n", "x = 1\n"),
    "submodule": ("import os.path\nx = 1\n", "x = 1\n"),
    "renamed": ("import sys as os\nx = 1\n", "x = 1\n"),
    "relative": ("from . import os\nx = 1\n", "x = 1\n"),
    "first of two": ("import os, sys\n", "import sys\n"),
    "last of two": ("import sys, os\n", "import sys\n"),
    "from": ("from x import (\n    path,\n    os,\n)\n", "from x import (\n    path,\n)\n"),
    "in a function": ("def f():\n    import os\n    return 1\n", "def f():\n    return 1\n"),
    "comment": ("import os  # kept for others\n", None),
    "all of a block": ("try:\n    import os\nexcept E: pass\n", None),
    "shared line": ("import os; x = 1\n", None),
}


@pytest.mark.parametrize("name", REMOVED)
def test_removal(name: str) -> None:
    text, expected = REMOVED[name]
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "import" in line)
    source = SourceFile.parse(text)
    (description,) = [
        message.name
        for message in gates.name_messages(SourceFile.parse(text))
        if message.kind == "UnusedImport" and message.name in ("os", "os.path", "x.os", "sys as os", ".os")
    ]
    if expected is None:
        with pytest.raises(CannotRemove, match="the import of 'os' would be left unused and cannot be removed"):
            imports.removal(source, description, line)
    else:
        assert apply_edits(text, [imports.removal(source, description, line)]) == expected
