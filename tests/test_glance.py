"""What is told of a text before it is parsed: a table of texts in which a rule may fire, and of others in which none can."""

from __future__ import annotations

import argparse

import pytest

from flake8_flowperf import registry
from flake8_flowperf.lint import Linter
from flake8_flowperf.source.glance import Glance

FETCH = "import requests\ndef fetch(u):\n    return requests.get(u)\n"

MAY = {
    "module": ("FLP801", "import requests\nfor url in urls:\n    requests.get(url)\n"),
    "module by another name": ("FLP801", "import requests as r\nfor url in urls:\n    r.get(url)\n"),
    "function": ("FLP801", "from requests import get\nfor url in urls:\n    get(url)\n"),
    "function by another name": ("FLP801", "from requests import get as fetch\nfor url in urls:\n    fetch(url)\n"),
    "several imports": ("FLP801", "import os, requests\nfor url in urls:\n    requests . get(url)\n"),
    "import in parentheses": (
        "FLP801",
        "from requests import (\n    post,  # (\n    get,\n)\nx = [get(u) for u in y]\n",
    ),
    "import that goes on": ("FLP801", "from requests \\\n    import get\nx = [get(u) for u in y]\n"),
    "alias of a module": ("FLP801", "import requests\nr = requests\nx = [r.get(u) for u in y]\n"),
    "alias of a function": ("FLP801", "import requests\nfetch = requests.get\nx = [fetch(u) for u in y]\n"),
    "call over lines": ("FLP801", "import requests\nx = [requests\\\n    .get(u) for u in y]\n"),
    "import below something else": ("FLP801", "if x: import requests\nx = [requests.get(u) for u in y]\n"),
    "pattern that begins with a literal": (
        "FLP201",
        "import re\ndef f(p):\n    return re.compile('a' + p)\nfor x in y:\n    f('b')\n",
    ),
    "pattern of a method": (
        "FLP201",
        "import re\nclass A:\n    def f(self, p):\n        return re.compile(p)\n"
        "    def g(self):\n        return [self.f('b') for x in y]\n",
    ),
    "iterable of an inner clause": ("FLP201", "import re\nx = [m for a in b for m in re.compile('x').findall(c)]\n"),
    "the same in other words": (
        "FLP201",
        "import json\ndef f(a):\n    x = json.dumps(a, indent=1)\n"
        "    return x, json.dumps(\n        a,\n        indent=1)\n",
    ),
    "condition of a comprehension": (
        "FLP201",
        "import re\nx = [\n    z for z in y\n    if f(\n        re.compile('a').match(z))]\n",
    ),
    "condition above another loop": (
        "FLP201",
        "import json\nx = [\n    z for z in y\n    if json.loads(c)]\nfor c in d: pass\n",
    ),
    "computation beside an argument of that name": (
        "FLP201",
        "import json\nfor x in y:\n    f(\n        data = json.dumps(data),\n        x = x,\n    )\n",
    ),
    "computation beside a nested function": (
        "FLP201",
        "import json\nfor x in y:\n    def g():\n        if x:\n            data = 1\n    f(x, json.dumps(data))\n",
    ),
    "computation in a loop that waits": (
        "FLP201",
        "import json\ndef f(data):\n    while g(\n        1\n    ):\n        h(json.dumps(data))\n",
    ),
    "pattern that a loop hands over": (
        "FLP201",
        "import re\ndef f(p):\n    return re.compile(p)\ndef g(p):\n    return [\n        f(\n            p)\n"
        "        for x in y]\n",
    ),
    "alias of a computation": ("FLP201", "import json\ndump: object = json.dumps\nx = [dump(y) for z in w]\n"),
    "name bound to a display behind an else": (
        "FLP901",
        "if x: y = f()\nelse: y = ['a']\nfor n in list(y): pass\n",
    ),
    "name bound to a display": ("FLP901", "def f():\n    names: list = ['a']\n    for n in list(names): pass\n"),
    "name bound to a bare tuple": ("FLP901", "names = 'a', 'b'\nfor n in list(names): pass\n"),
    "below a comment": ("FLP901", "x = sorted(  # why\n    list(y))\n"),
    "request of a function that a loop calls": ("FLP802", FETCH + "def f(x):\n    while x:\n        fetch(x.pop())\n"),
    "request of a function that is handed over": ("FLP802", FETCH + "def f(x, pool):\n    return pool.map(fetch, x)\n"),
    "request of a function of one line": (
        "FLP802",
        "import requests\ndef fetch(u): return requests.get(u)\ndef f(x):\n    for u in x:\n        fetch(u)\n",
    ),
    "client of a method": (
        "FLP802",
        "from httpx import AsyncClient as C\nclass A:\n    async def f(\n        self, u\n    ):\n"
        "        async with C() as c:\n            return await c.get(u)\n",
    ),
    "requests of two methods": (
        "FLP802",
        "import requests\nclass A:\n    def f(self):\n        return requests.get(self.u)\n"
        "    def g(self):\n        return requests.put(self.u)\n",
    ),
    "request of a helper": ("FLP802", FETCH.rstrip() + ".json ()\n"),
    "request of a helper by other names": (
        "FLP802",
        "from json import loads as parsed\nimport requests\ndef fetch(u):\n    return parsed(requests.get(u).text)\n",
    ),
    "two requests of one URL": (
        "FLP802",
        FETCH + FETCH.replace("fetch", "info") + "def f(u):\n    return fetch(u), info(u)\n",
    ),
    "length of a deque that is taken before": (
        "FLP302",
        "from collections import deque\nclass A:\n    def __init__(self):\n        self.last = deque(maxlen=9)\n"
        "    def f(self):\n        n = (  # number\n            len(self.last))\n        self.last.append({'n': n})\n",
    ),
    "length of a trace": ("FLP302", "class A:\n    def f(self):\n        self.log.append({'n': len(self . log)})\n"),
    "listing in parentheses": ("FLP101", "for p in (\n    base\n).rglob('*'):\n    if p.suffix == '.py': pass\n"),
    "filtered listing": ("FLP101", "x = filter(lambda p: p.suffix == '.py', base.iterdir())\n"),
    "text of an attribute": (
        "FLP701",
        "class A:\n    def f(self):\n        self.s = ''\n        for x in y:\n            self.s += x\n",
    ),
    "text whose value is set over lines": (
        "FLP701",
        "class A:\n    def f(self):\n        self.s: str = (\n            'a')\n        for x in y:\n"
        "            self.s += x\n",
    ),
    "text made by a function of another name": (
        "FLP701",
        "from json import dumps as d\ndef f(y):\n    s = d(1)\n    for x in y:\n        s = d(x) + s\n    return s\n",
    ),
    "text made by a function whose other name has one": (
        "FLP701",
        "u = str\nv: type = u\ndef f(y):\n    s = v(1)\n    for x in y:\n        s = v(x) + s\n    return s\n",
    ),
    "text made by a function of two names at once": (
        "FLP701",
        "u = v = str\ndef f(y):\n    s = u(1)\n    for x in y:\n        s = u(x) + s\n    return s\n",
    ),
    "bytes by the name of a text": (
        "FLP701",
        "def g(): s = ''\ndef f(y):\n    s = b''\n    for x in y:\n        s += x\n    return s\n",
    ),
    "argument before a text": (
        "FLP701",
        "class A:\n    def f(self, y):\n        for x in y:\n            if g(a=1): self.s = self.s + ')'\n",
    ),
    "text that a nested function reads": (
        "FLP701",
        "def f(y):\n    s = ''\n    def g(): return s\n    for x in y:\n        s += 'a'\n    return g\n",
    ),
    "text that a comprehension reads": (
        "FLP701",
        "def f(y):\n    s = ''\n    for x in y:\n        s += 'a'\n    return [\n        z\n        for z in y\n"
        "        if z in s]\n",
    ),
    "text that a lambda reads": (
        "FLP701",
        "def f(y):\n    s = ''\n    for x in y:\n        s += 'a'\n    return lambda: s\n",
    ),
    "global text": ("FLP701", "def f(y):\n    global s\n    s = ''\n    for x in y:\n        s += 'a'\n"),
    "bytes": ("FLP701", "def f(y):\n    s = b''\n    for x in y:\n        s += x\n    return s\n"),
    "three terms": ("FLP701", "def f(y):\n    s = ''\n    for x in y:\n        s = s + 'a' + x\n    return s\n"),
    "three terms over lines": (
        "FLP701",
        "def f(y):\n    s = ''\n    for x in y:\n        s = (s  # old (\n             + 'a' + x)\n    return s\n",
    ),
    "text in front": ("FLP701", "def f(y):\n    s = ''\n    for x in y:\n        s = x + (s)  # why\n    return s\n"),
    "f-string": ("FLP701", "def f(y):\n    s = ''\n    for x in y:\n        s = 'a' rf'{s}{x}'\n    return s\n"),
    "name in a comment and a text": (
        "FLP701",
        "class A:\n    def f(self):\n        self.s = ''\n        for x in y:\n"
        "            print('self.s')  # self.s\n            self.s += 'a'\n",
    ),
    "argument of the same name": (
        "FLP701",
        "class A:\n    def f(self):\n        self.s = ''\n        for x in y:\n            g(\n                s=1,\n"
        "            )\n            self.s += 'a'\n",
    ),
    "cache": ("FLP303", "_cache = {}\ndef f(path):\n    _cache [path] = 1\n"),
    "cache set with others": (
        "FLP303",
        "class A:\n    _cache: dict = dict()\n    def f(self, path):\n        self._cache[path], x = 1, 2\n",
    ),
    "captured output": ("FLP502", "import subprocess as s\ns.run(['a'], stdout=s.PIPE)\n"),
}
CANNOT = {
    "sum of numbers": ("FLP701", "def f(self):\n    for x in y:\n        self.total += x.size\n"),
    "local text": ("FLP701", "def f(y):\n    s = ''\n    for x in y:\n        s += 'a'\n    return s\n"),
    "text of the name of bytes elsewhere": (
        "FLP701",
        "def g():\n    s = b''\n    return s\ndef f(y):\n    s = ''\n    for x in y:\n        s += 'a'\n    return s\n",
    ),
    "function of another name in a sentence": (
        "FLP701",
        "# a str as it is read as\n# text\ndef f(y):\n    for x in y:\n        n = g(x) + n\n    return n\n",
    ),
    "arguments that are sums": ("FLP701", "def f(y):\n    for x in y:\n        g(x, s=s + x,\n          t=1)\n"),
    "text that is set anew": ("FLP701", "for x in y:\n    s = 'a'\n    s += x\n    print(s)\n"),
    "text that is read": ("FLP701", "s = ''\nwhile len(s) < 9:\n    s += 'a'\n"),
    "attribute that is read": (
        "FLP701",
        "class A:\n    def f(self):\n        for x in y:\n            self.s += 'a'\n            print(self.s)\n",
    ),
    "another sum": ("FLP701", "s = ''\nfor x in y:\n    t = f(s, 'a' + x)\n"),
    "cache that is only read": ("FLP303", "_cache = {}\ndef f(path):\n    return _cache[path]\n"),
    "cache that comes from elsewhere": ("FLP303", "def f(path, cache):\n    cache[path] = 1\n"),
    "request that nobody repeats": ("FLP801", FETCH + "for x in y: pass\n"),
    "request of a function that is called once": (
        "FLP802",
        FETCH + "def f(x):\n    fetch(x)\n    return {'json': x}\n",
    ),
    "request of a method": (
        "FLP802",
        "import requests\nclass A:\n    def f(self):\n        return requests.post(self.u, json=1)\n",
    ),
    "clients of functions": (
        "FLP802",
        "import httpx\nclass A:\n    def f(self):\n        def g(x):\n            return httpx.Client()\n        return g(1)\n",
    ),
    "process that is only started": ("FLP502", "import subprocess as s\ns.Popen(['a'], stdout=s.PIPE)\n"),
    "process whose output nobody reads": ("FLP502", "import subprocess\nsubprocess.run(['a'])\n"),
    "only imported": ("FLP801", "import requests\ntry: pass\nexcept requests.exceptions.Timeout: pass\n"),
    "attribute of something else": ("FLP801", "import requests\nself.requests.get(1)\n"),
    "annotation": ("FLP801", "import httpx\ndef f(client: httpx.Client) -> None: pass\n"),
    "other function of the module": ("FLP801", "from urllib.request import quote, urlopen\nx = quote(y)\n"),
    "computation of what a loop sets": (
        "FLP201",
        "import json\nwhile g():\n    if h():\n        a, data = h()\n    f(\n        json.dumps(data),\n    )\n",
    ),
    "computation of what a loop sets later": (
        "FLP201",
        "import json\nfor x in y:\n    json.dumps(data)\n    data += 1\n",
    ),
    "pattern that is asked for once": (
        "FLP201",
        "import re\ndef f(p):\n    return re.compile(p)\nfor x in y: pass\nz = f(x)\n",
    ),
    "computation in an example": (
        "FLP201",
        'import json\nfor x in y:\n    """\n    >>> json.dumps(z)\n    """\n',
    ),
    "method of the name of a computation": (
        "FLP201",
        "import json\nclass A:\n    def dumps(self, x):\n        for y in x:\n            self.dumps(x)\n",
    ),
    "pattern nobody asks for": ("FLP201", "import re\ndef f(p):\n    return re.compile(p)\n"),
    "beside a comprehension": (
        "FLP201",
        "import json\nx = f(\n    [a for a in b],  # for\n    'for',\n    json.loads(y))\n",
    ),
    "body below a header over lines": (
        "FLP201",
        "import json\ndef f(\n    a=[b for b in c],\n):\n    x = json.loads(a)\n    return [y for y in x]\n",
    ),
    "iterable of a loop": ("FLP201", "import json\nfor x in json.loads(y):\n    print(x)\n"),
    "two literals": ("FLP201", 'import re\nA = re.compile(r"""a""")\nB = re.compile(r"""a""")\n'),
    "attribute": ("FLP901", "for x in list(self.items): pass\n"),
    "parameter": ("FLP901", "def f(names):\n    for x in list(names): pass\n"),
    "name of a display elsewhere": ("FLP901", "names = []\ndef f():\n    for x in list(other): pass\n"),
    "empty list": ("FLP901", "x = y in list()\n"),
    "length that numbers nothing": (
        "FLP302",
        "class A:\n    def f(self):\n        self.log.append(1)\n        if len(self.log) == len(self.log): print(len(self.log))\n",
    ),
    "length of something else": ("FLP302", "class A:\n    def f(self):\n        self.log.append(len(self.other))\n"),
    "listing that is kept": ("FLP101", "if x in y:\n    found = list(base.rglob('*'))\n    print(x.suffix)\n"),
}


def relevant(text: str) -> set[str]:
    linter = Linter(registry.rules().values(), argparse.Namespace())
    return {rule.code for rule in linter.relevant(text, "x.py")}


@pytest.mark.parametrize("name", MAY)
def test_rule_may_fire(name: str) -> None:
    code, text = MAY[name]
    assert code in relevant(text)
    assert code in relevant(text.replace("\n", "\r\n"))


@pytest.mark.parametrize("name", CANNOT)
def test_rule_cannot_fire(name: str) -> None:
    code, text = CANNOT[name]
    compile(text, name, "exec")
    assert code not in relevant(text)


def test_modules() -> None:
    text = "import a.b, c as d\nfrom e.f import (g)\nfrom . import h\nfrom \\\n    i import j\nx = 'from k import'\n"
    assert Glance(text).modules >= {"a", "c", "e", "", "i"}
