"""A YAML text as plain data that remembers where each key and value stands."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import Event
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from harness.errors import ScenarioError

Path = tuple[str | int, ...]
"""From the root to a value: keys of maps and indexes of lists."""

_YAML_TAGS = "tag:yaml.org,2002:"
_NODES_MAX, _LEVELS_MAX = 20_000, 50
"""Keys and values of a file, aliases written out: a small file can mean a very big tree."""

PROPERTIES: Path = ("cluster", "properties")
"""The one map whose keys have dots of their own."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, in file order; those of options come after those of the file."""

    order: tuple[int, int, int]
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


@dataclass
class Tree:
    """
    `data` is dicts with text keys, lists and scalars; lines and columns count from 1.

    `problems` are those that the text itself has, such as duplicate keys.
    """

    file: str
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    _values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _options: dict[Path, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, file: str) -> "Tree":
        """Raises ScenarioError when the text is not YAML; its position is where the parser gave up."""
        tree, yaml = cls(file), YAML(typ="safe", pure=True)
        yaml.Composer = _Composer
        yaml.composer.warn_double_anchors = False  # the last one before an alias is meant, says YAML
        try:
            root = yaml.compose(text)
            if root is not None:
                tree.data = _Builder(tree, yaml).build(root, (), ())
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            reason = ", ".join(filter(None, (error.context, error.problem)))
            told = reason if isinstance(error, _Refused) else f"this is not YAML: {reason}"
            raise ScenarioError(str(tree._in_file(place, told))) from None
        except ReaderError as error:
            lines = text[: error.position].split("\n")
            found = f"this is not YAML: it holds the character {error.character!r}"
            raise ScenarioError(str(tree._in_file((len(lines), len(lines[-1]) + 1), found))) from None
        except (YAMLError, AssertionError, RecursionError) as error:  # ruamel asserts on %YAML lines it does not know
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise ScenarioError(str(tree._in_file((1, 1), f"this is not YAML: {reason}"))) from None
        return tree

    def at_value(self, path: Path, text: str) -> Problem:
        """A problem with the value at `path`, or with what holds it where the file has no such value."""
        if option := self._option(path):
            return option.says(text)
        known = next(
            path[:length] for length in range(len(path), -1, -1) if path[:length] in self._values or not length
        )
        return self._in_file(self._values.get(known, (1, 1)), text)

    def at_key(self, path: Path, text: str) -> Problem:
        """A problem with the last key of `path`."""
        if path not in self._keys or self._option(path):
            return self.at_value(path, text)
        return self._in_file(self._keys[path], text)

    def override(self, dotted: str, value: str) -> None:
        """Set one value, read as YAML, at a path such as `cluster.workers` or `steps.0.for`."""
        path, option = _path(dotted), _Option(len(self._options), dotted)
        try:
            new = Tree.parse(value, "value")
        except ScenarioError as error:
            self.problems.append(option.says(str(error).partition(": ")[2]))
            return
        self._options[path] = dotted
        if misfit := _put(self.data, path, new.data):
            self.problems.append(option.says(misfit))

    def _option(self, path: Path) -> "_Option | None":
        """The last option that set the value at `path`, or what holds it, or made it on its way."""
        for number, (at, dotted) in reversed(list(enumerate(self._options.items()))):
            if path[: len(at)] == at or (at[: len(path)] == path and path not in self._values):
                return _Option(number, dotted)
        return None

    def _in_file(self, place: tuple[int, int], text: str) -> Problem:
        return Problem((0, *place), f"{self.file}:{place[0]}:{place[1]}", text)


@dataclass(frozen=True)
class _Option:
    number: int
    dotted: str

    def says(self, text: str) -> Problem:
        return Problem((1, self.number, 0), f"--set {self.dotted}", text)


class _Refused(MarkedYAMLError):
    """It is YAML, and nothing that a scenario can hold."""

    def __init__(self, what: str, node: Node | Event) -> None:
        super().__init__(problem=what, problem_mark=node.start_mark)


class _Composer(Composer):
    """Gives up once there is more than a scenario can hold: to read on would take long, and change nothing."""

    _nodes = _levels = 0

    def compose_node(self, parent: Node | None, index: Any) -> Any:
        self._nodes += 1
        if self._nodes > _NODES_MAX:
            raise _too_many(self.parser.peek_event())
        if self._levels == _LEVELS_MAX:
            raise _Refused(f"this is nested more than {_LEVELS_MAX} levels deep", self.parser.peek_event())
        self._levels += 1
        node = super().compose_node(parent, index)
        self._levels -= 1
        return node


def _too_many(node: Node | Event) -> _Refused:
    return _Refused(f"there are {_NODES_MAX} keys and values before this, aliases written out; that is too many", node)


@dataclass
class _Builder:
    tree: Tree
    yaml: YAML

    def build(self, node: Node, path: Path, above: tuple[Node, ...]) -> Any:
        """The data of `node`, its positions noted in the tree. Raises MarkedYAMLError for what no scenario can hold."""
        self.tree._values.setdefault(path, _place(node))
        if len(self.tree._values) + len(self.tree._keys) > _NODES_MAX:
            raise _too_many(node)
        if node in above:
            raise _Refused("this alias holds itself", node)
        if not str(node.tag).startswith(_YAML_TAGS):
            raise _Refused(f"there is no tag {node.tag}", node)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, i), (*above, node)) for i, item in enumerate(node.value)]
        if isinstance(node, MappingNode):
            return self._map(node, path, above)
        return self._scalar(node)

    def _map(self, node: MappingNode, path: Path, above: tuple[Node, ...]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, ScalarNode) else "?"
            if key in built:
                self._complain(key_node, f"{key!r} stands here twice; keep one")
                continue
            self.tree._keys[*path, key] = _place(key_node)
            if isinstance(value_node, ScalarNode) and value_node.start_mark.index == value_node.end_mark.index:
                self.tree._values[*path, key] = _place(
                    key_node
                )  # nothing stands there, so the parser's mark is far off
            built[key] = self.build(value_node, (*path, key), (*above, node))
        return built

    def _scalar(self, node: Node) -> Any:
        try:
            return self.yaml.constructor.construct_object(node)
        except ValueError as error:
            raise MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from None

    def _complain(self, node: Node, text: str) -> None:
        self.tree.problems.append(self.tree._in_file(_place(node), text))


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _path(dotted: str) -> Path:
    parts = tuple(int(part) if part.isdecimal() else part for part in dotted.split("."))
    depth = len(PROPERTIES)
    if parts[:depth] == PROPERTIES and len(parts) > depth:
        return (*PROPERTIES, dotted.split(".", depth)[depth])
    return parts


def _put(data: Any, path: Path, value: Any) -> str | None:
    """Set a value in nested maps and lists, maps made on the way; why it has no place there, if it has none."""
    here: Any = data
    for depth, part in enumerate(path):
        name = ".".join(map(str, path[:depth])) or "the scenario"
        if isinstance(here, list) and not (isinstance(part, int) and part < len(here)):
            return f"{name} has no item {part}; there are {len(here)}, counted from 0"
        if not isinstance(here, list | dict):
            return f"{name} is {here!r}; only maps and lists have fields"
        key: Any = part if isinstance(here, list) else str(part)
        if depth == len(path) - 1:
            here[key] = value
        elif isinstance(here, dict) and here.get(key) is None:
            here[key] = {}
        here = here[key]
    return None


def in_order(problems: Iterable[Problem]) -> str:
    """One line per problem, in file order."""
    return "\n".join(dict.fromkeys(str(problem) for problem in sorted(problems)))
