"""The documentation names every word of the notation, in the table of its form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mocksrv.forms import OperationForm, ProductForm
from mocksrv.schema import words_of
from mocksrv.sections import (
    Checking,
    Creation,
    Credential,
    Limit,
    Making,
    Message,
    Refusals,
    Require,
    Signed,
    Success,
    TokenForm,
)
from tests.test_layers import LAYERS

ROOT = Path(__file__).parent.parent
SECTIONS: dict[type, str] = {
    ProductForm: "## `product.yaml`",
    Credential: "### `credentials:`",
    Signed: "### `signed:`",
    TokenForm: "### `tokens:`",
    Refusals: "### `refusals:`",
    OperationForm: "## `<operation>.yaml`",
    Require: "### `requires:`",
    Limit: "### `limits:`",
    Making: "### `otp:`, making one",
    Checking: "### `otp:`, checking one",
    Message: "### `messages:`",
    Creation: "### `creates:`",
    Success: "### `success:`",
}


def documented(heading: str) -> set[str]:
    text = (ROOT / "docs/fixtures.md").read_text("utf-8")
    section = text.split(heading + "\n", 1)[1].split("\n#", 1)[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


@pytest.mark.parametrize("form", SECTIONS, ids=lambda form: form.__name__)
def test_every_key_of_a_form_is_in_its_table_and_nothing_else(form: type) -> None:
    assert documented(SECTIONS[form]) == set(words_of(form))


def test_every_link_of_the_documentation_leads_to_a_file() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("form", SECTIONS, ids=lambda form: form.__name__)
def test_every_key_is_used_by_a_built_in_fixture_or_says_that_none_needs_it(form: type) -> None:
    fixtures = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "fixtures").glob("*/*/*.yaml")))
    unused = {word for word in words_of(form) if not re.search(rf"(^|[\s{{,#]){re.escape(word)}:", fixtures)}
    assert unused <= {"mount", "contradicts"}


def test_the_architecture_names_every_module_and_its_rank() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    for rank, (layer, modules) in enumerate(LAYERS):
        assert f"| {rank} | {layer} | {' '.join(f'`{module}`' for module in modules.split())} |" in text
