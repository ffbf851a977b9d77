"""Who may import whom: a module imports from lower layers only, and each library has its doorways."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "mocksrv"
FILES = {
    ".".join(("mocksrv", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
LAYERS = (
    (
        "nothing of ours",
        "charsets client.answers clock ecma errors folder graphs instruments keywords logs masking matching "
        "phones recording recording.writing state tokens web web.problems",
    ),
    (
        "what is read first",
        "automaton client.wire conversation.expecting conversation.notation conversation.steps coverage "
        "listening settings state.faults yamltext",
    ),
    (
        "words and files",
        "backtracking cli_coverage client.calls client.controls client.inbox conversation.missing "
        "conversation.mock conversation.places conversation.reading conversation.values recording.moments "
        "recording.shapes schema source web.fence web.transport words",
    ),
    (
        "one thing each",
        "call client.sandbox conversation.asking made operation patterns readers reading recording.session "
        "references server state.things",
    ),
    (
        "within a spec, a world",
        "client compiled conversation.target matching.unread person recording.failing recording.heads "
        "recording.naming recording.timing sections state.contract weight",
    ),
    (
        "a spec, the state",
        "conversation.calls conversation.telling forms matching.comparing matching.javaregex "
        "matching.jsonpaths recording.prepared remembering spec state.world",
    ),
    (
        "a form, an operation, a request pattern",
        "bound conversation.playing fixture matching.pattern recording.known state.memory tighten",
    ),
    ("the contract", "contract conversation recording.bodies"),
    ("what can be wrong", "possible recording.drafting"),
    ("spec and fixture", "rules"),
    ("what one decision looks at", "arming crosscheck look web.asking"),
    ("what decides beside the fixture", "credentials forced scenario signatures web.preferences"),
    ("the catalogue, the checks", "checks vendor"),
    (
        "what acceptance writes, what an instrument is given",
        "acceptance explain instruments.desk listing proofs web.cors",
    ),
    (
        "the decision, the instruments",
        "answer instruments.coverage instruments.faults instruments.inbox instruments.journal "
        "instruments.records instruments.sandboxes instruments.timing",
    ),
    (
        "the reply, more instruments",
        "instruments.otps instruments.scenarios instruments.server instruments.signing reply web.logbook",
    ),
    ("the view", "web.sandbox"),
    ("the admin API", "web.admin"),
    ("the application", "app"),
    ("servers", "threaded"),
    ("what uses a server", "conversation.aiming pytest_plugin"),
    ("what tries a recording", "recording.rehearsing"),
    ("commands", "cli_talk"),
    ("the command line", "cli"),
    ("python -m", "__main__"),
)
RANKS = {"mocksrv": len(LAYERS)} | {
    f"mocksrv.{module}": rank for rank, (_, modules) in enumerate(LAYERS) for module in modules.split()
}
DOORWAYS = {
    "prance": "spec",
    "openapi_core": "contract bound remembering",
    "jsonschema_path": "remembering bound contract",
    "jsonschema": "remembering",
    "jsonschema_rs": "compiled patterns",
    "openapi_schema_validator": "remembering proofs",
    "openapi_spec_validator": "proofs",
    "marshmallow": "schema readers sections forms fixture",
    "yaml": "yamltext",
    "faker": "made",
    "cryptography": "tokens",
    "jwt": "tokens",
    "phonenumbers": "phones",
    "jsonpath": "matching.jsonpaths",
    "flask": "app web.*",
    "click": "cli cli_*",
    "granian": "server",
    "httpx": "client.wire conversation.asking",
    "pytest": "pytest_plugin",
    "werkzeug.serving": "threaded",
}
VENDORS = re.compile("cashfree|capillary|m2p|zalo|mobile360|PP_MIDD", re.IGNORECASE)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Everything that a file imports, also within functions, with the line."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in FILES else str(node.module), node.lineno


def test_every_module_has_a_rank() -> None:
    assert set(FILES) == set(RANKS)


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_from_lower_layers_only(module: str) -> None:
    arrows = [
        f"{module} -> {imported} ({FILES[module].name}:{line}): rank {RANKS[module]} -> {RANKS[imported]}"
        for imported, line in imports(FILES[module])
        if imported in RANKS and imported != "mocksrv" and RANKS[imported] >= RANKS[module]
    ]
    assert not arrows, "\n".join(arrows)


@pytest.mark.parametrize("library", DOORWAYS)
def test_a_library_is_imported_in_its_doorways_only(library: str) -> None:
    doors = [f"mocksrv.{door}" for door in DOORWAYS[library].split()]
    strays = [
        f"{module} -> {imported} ({path.name}:{line})"
        for module, path in FILES.items()
        for imported, line in imports(path)
        if f"{imported}.".startswith(f"{library}.") and not any(fnmatchcase(module, door) for door in doors)
    ]
    assert not strays, "\n".join(strays)


@pytest.mark.parametrize("module", FILES)
def test_no_vendor_is_named_in_the_code(module: str) -> None:
    lines = FILES[module].read_text("utf-8").splitlines()
    assert [f"{number}: {line}" for number, line in enumerate(lines, 1) if VENDORS.search(line)] == []
