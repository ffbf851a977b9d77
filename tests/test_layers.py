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
    ("nothing of ours", "errors clock phones ecma charsets graphs keywords tokens state web web.problems"),
    ("what is read first", "settings yamltext folder automaton state.contract"),
    ("words and files", "words schema source backtracking conversation state.memory web.fence"),
    ("one thing each", "readers made call reading operation references patterns"),
    ("within a spec", "sections person weight compiled"),
    ("a spec", "forms spec remembering"),
    ("a form, an operation", "fixture tighten bound"),
    ("the contract", "contract"),
    ("what can be wrong", "possible"),
    ("spec and fixture", "rules"),
    ("what one decision looks at", "look crosscheck web.preferences"),
    ("the catalogue", "vendor credentials signatures"),
    ("the checks", "checks proofs listing web.cors"),
    ("what acceptance writes", "acceptance explain"),
    ("the decision", "answer"),
    ("the reply", "reply"),
    ("the view", "web.sandbox"),
    ("the admin API", "web.admin"),
    ("the application", "app server"),
    ("the command line", "cli"),
    ("python -m", "__main__"),
)
RANKS = {"mocksrv": 0} | {
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
    "marshmallow": "schema readers sections forms fixture web.admin",
    "yaml": "yamltext",
    "faker": "made",
    "cryptography": "tokens",
    "jwt": "tokens",
    "phonenumbers": "phones",
    "flask": "app web.*",
    "click": "cli",
    "granian": "server",
    "werkzeug.serving": "server",
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
