"""What documents show: fenced blocks, and what each of them is."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.meta.source import ROOT

READ = (ROOT / "README.md", ROOT / "scenarios" / "WRITING.md", *sorted((ROOT / "docs").rglob("*.md")))
"""The documents whose blocks are held to the truth, every one."""
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"`([\w./-]+\.(?:py|ya?ml|ini|txt))`")


class Block(NamedTuple):
    """`file` is the last that the paragraph above names, where it ends in a colon: what the block shows; else empty."""

    language: str
    text: str
    line: int
    file: str

    @property
    def is_quote(self) -> bool:
        """It shows a part of a file of ours."""
        return bool(self.file) and (ROOT / self.file).is_file()

    @property
    def is_file(self) -> bool:
        """It shows a whole file that the reader writes."""
        return bool(self.file) and not self.is_quote

    @property
    def commands(self) -> list[str]:
        """Those of a block of shell, a line each."""
        return self.text.splitlines() if self.language == "sh" else []


@cache
def blocks_of(path: Path) -> tuple[Block, ...]:
    """In their order. A block of Python after a quote goes on with that file, where nothing else is named."""
    text, blocks = path.read_text(encoding="utf-8"), list[Block]()
    for fence in _FENCE.finditer(text):
        paragraph = text[: fence.start()].rstrip().rpartition("\n\n")[2]
        named = _FILE.findall(paragraph) if paragraph.endswith(":") else []
        last = next((block for block in reversed(blocks) if block.is_quote), None)
        goes_on = last.file if last and fence[1] == "python" and not named else ""
        line = text.count("\n", 0, fence.start()) + 1
        blocks.append(Block(fence[1], fence[2], line, named[-1] if named else goes_on))
    return tuple(blocks)
