"""The grammar of a scenario as models, from which files are checked and the JSON schema for editors is made."""

from dataclasses import dataclass
from types import GenericAlias
from typing import Annotated, Any, Literal

from pydantic import Field, Tag, create_model

from harness.core.plan import SEED_MAX, EtcdRuntime
from harness.faults import FAULTS
from harness.scenario.forms import FAULT_FIELDS
from harness.scenario.tree import Tree
from harness.scenario.values import (
    COUNT_MAX,
    FILE_BYTES_MAX,
    NOT_BUILT,
    Count,
    Duration,
    Fields,
    Names,
    NotBuilt,
    PropertyText,
    Rate,
    field,
    form,
    is_list,
    is_map,
    lasting,
    left_out,
    written_as,
)


class EtcdBlock(Fields):
    """The etcd that holds the membership."""

    members: Literal[1, 3, 5] = field("How many members: etcd-1, etcd-2 ...", 1)
    runtime: EtcdRuntime = field(
        "docker: each member in a container; process: each a process; auto: docker where that can be, else process.",
        "auto",
    )
    timers: Literal["tuned", "default"] = field(
        "tuned: short heartbeats and elections, ready sooner; default: etcd's own.", "tuned"
    )
    image: str | None = field("An image of this machine with etcd in it, instead of binary; none is pulled.", None)
    binary: str | None = field(
        "A program instead of the etcd that comes with the harness; for a container it has to be static.", None
    )


class NeighbourBlock(Fields):
    """Another cluster on the same etcd, which nothing is done to."""

    name: Annotated[str, Field(min_length=1)] | None = left_out("What it is called; this cluster's name with a 1.")
    workers: Count = field("How many workers: neighbour-1, neighbour-2 ...", 2)


class ClusterBlock(Fields):
    """The nodes, and how they are configured."""

    etcd: EtcdBlock = written_as("Its members, and how they run.", EtcdBlock(), {})
    workers: Count = field("How many workers: worker-1, worker-2 ...", 3)
    clients: Annotated[int, Field(ge=0, le=COUNT_MAX)] = field("How many clients: client-1, client-2 ...", 1)
    users: Annotated[int, Field(ge=0, le=COUNT_MAX)] = left_out(
        "Places for programs of your own (`harness exec`): user-1, user-2 ...; cuts hold for them too.", 0
    )
    neighbour: NeighbourBlock | None = left_out(
        "Another cluster on the same etcd. Nothing is done to it: no step names its workers, cuts leave them alone."
    )
    conf: str = field(
        "NAME of conf/NAME.properties: beside the scenario, else in the working folder, else packaged. "
        "fast: leases of 2 s, views refreshed every 500 ms.",
        "fast",
    )
    properties: dict[str, PropertyText] = left_out(
        "Single properties by their names, over those of conf; conf/alluxio-site.properties has them all.", {}
    )
    broken: dict[str, Annotated[str, Field(pattern=r"^.+\.py:[A-Za-z_]\w*$")]] = left_out(
        "FILE.py:CLASS that takes a node's part, the file beside the scenario; its code is run.", {}
    )


class GuestBlock(Fields):
    """A client of somebody else: a command that answers JSON lines. It is run."""

    command: Annotated[list[str], Field(min_length=1)] = field(
        "A program and its arguments, run in the scenario's folder; {name} and other placeholders are filled in."
    )
    nodes: Names | None = left_out("The clients whose part it takes; without it all of them.")


class SystemBlock(Fields):
    """Whose programs the nodes are, where not the harness' own."""

    client: GuestBlock | None = left_out("A client of somebody else, in the place of ours.")
    worker: NotBuilt = left_out(NOT_BUILT)
    registered: NotBuilt = left_out(NOT_BUILT)
    alive: NotBuilt = left_out(NOT_BUILT)
    ring: NotBuilt = left_out(NOT_BUILT)


class WorkloadBlock(Fields):
    """What the clients do, all of them together."""

    keys: Count = field("How many keys are looked up and read.", 100)
    file_bytes: Annotated[int, Field(ge=1, le=FILE_BYTES_MAX)] | None = left_out(
        "How long each file is; without it 100 bytes to 8 KiB, each another size. All together may have 1 GiB."
    )
    lookups_per_s: Rate = field("Questions for a key's owner, a second.", 100.0)
    reads_per_s: Rate = field("Keys read, a second.", 10.0)


Some = Annotated[
    Annotated[Literal["all"], Tag("<all>")] | Annotated[Count, Tag("<count>")] | Annotated[Names, Tag("<names>")],
    form(
        "all, a number or a list of names",
        words="all",
        all=lambda value: value == "all",
        count=lambda value: isinstance(value, int),
        names=is_list,
    ),
]


class WhenBlock(Fields):
    """`online` or `offline`, one of them."""

    online: Some | None = field("Wait until all workers, so many, or those named are online.", None)
    offline: Some | None = field("Wait until all workers, so many, or those named are offline.", None)
    within: Duration = lasting("The longest to wait; after that the step is not begun, and the run is unknown.", 30)


class InvariantsBlock(Fields):
    """Every invariant that applies, but for some."""

    default: Literal[True] = field("Those that apply.")
    without: Names = left_out("Names of those left out.", [])


class ExpectBlock(Fields):
    """A violation that is meant to be found."""

    violated: Names = field("Invariants that must be violated.")
    also: list[str] = left_out("Invariants that may be violated too; of all others none may.", [])


Invariants = Annotated[
    Annotated[Literal["default"], Tag("<default>")]
    | Annotated[Names, Tag("<names>")]
    | Annotated[InvariantsBlock, Tag("<InvariantsBlock>")],
    form(
        "default, a list of names, or {default: true, without: [NAMES]}",
        words="default",
        default=lambda value: value == "default",
        names=is_list,
        InvariantsBlock=is_map,
    ),
]
Expect = Annotated[
    Annotated[Literal["valid", "unknown"], Tag("<word>")] | Annotated[ExpectBlock, Tag("<ExpectBlock>")],
    form(
        "valid, unknown, or {violated: [NAMES], also: [NAMES]}",
        words="valid unknown",
        word=lambda value: value in ("valid", "unknown"),
        ExpectBlock=is_map,
    ),
]


class StepFields(Fields):
    """What every step has beside its one fault; `STEP` has the faults too."""

    at: Duration | None = field("When it begins, counted from the end of start-up.", None)
    when: WhenBlock | None = field("What it waits for, once the step before it in the file is over.", None)
    after: Duration = lasting("How long it waits on top, once its when has come true.", 0)
    for_: Duration | None = field(
        "How long the fault lasts; without it until the run heals, a kill for good.", None, alias="for"
    )

    @property
    def fault(self) -> str:
        return next(name for name in FAULTS if name in self.model_fields_set)


class ScenarioFields(Fields):
    """What a scenario has beside its steps; `SCENARIO` has those too."""

    cluster: ClusterBlock = written_as("Etcd, workers and clients.", ClusterBlock(), {})
    workload: WorkloadBlock = written_as("Lookups and reads while the steps happen.", WorkloadBlock(), {})
    duration: Duration | None = field(
        "How long the run lasts; what is open then is healed, what was not begun makes the run unknown. "
        "Without it, until tail after the end of the last step.",
        None,
    )
    tail: Duration = lasting("How long the run goes on after its last step, where there is no duration.", 3)
    settle: Duration = lasting("The longest that views may take to agree afterwards.", 30)
    invariants: Invariants = field(
        "default: all that apply to this plan; [NAMES]: those and the harness' own; {default: true, without: [NAMES]}.",
        "default",
    )
    expect: Expect = field("The outcome that is exit code 0.", "valid")
    tags: list[str] = left_out("Words of your own; they are kept in the plan, and are marks in pytest.", [])
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] | None = field(
        "What targets and identities are drawn from where --seed does not say; without either it is any.", None
    )
    system: SystemBlock | None = left_out("Whose programs the nodes are, where not the harness' own.")
    steps: list[StepFields] = left_out("The faults, side by side.", [])


STEP = create_model("Step", __base__=StepFields, __doc__="One fault, and when it happens.", **FAULT_FIELDS)
STEPS: Any = GenericAlias(list, STEP)
SCENARIO = create_model(
    "Scenario",
    __base__=ScenarioFields,
    __doc__="What is done to a cluster, and what must come of it.",
    steps=(STEPS, left_out("The faults, side by side.", [])),
)


@dataclass(frozen=True)
class Scenario:
    """A scenario in which nothing is wrong but what a draw may meet; `properties` are complete, defaults included."""

    file: str
    text: str
    fields: ScenarioFields
    properties: dict[str, str]
    tree: Tree

    @property
    def name(self) -> str:
        """As its runs are called: the file's name without folder and ending."""
        return self.file.rpartition("/")[2].rpartition(".")[0] or self.file

    @property
    def seed(self) -> int | None:
        return self.fields.seed


def schema() -> dict[str, Any]:
    """The JSON schema of a scenario, for editors."""
    made = SCENARIO.model_json_schema()
    made["$defs"]["Step"] |= {
        "allOf": [
            {"oneOf": [{"required": ["at"]}, {"required": ["when"]}]},
            {"oneOf": [{"required": [name]} for name in FAULTS]},
        ]
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
