"""Fixtures: YAML with positions, through marshmallow, into the frozen forms of ``forms``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from mocksrv.errors import LoadError, Mark, Problem
from mocksrv.forms import OperationForm, ProductForm
from mocksrv.schema import Form, load_form
from mocksrv.yamltext import mark_of, read_text


def load_product(path: Path, root: Path) -> ProductForm:
    """``product.yaml``. Raises LoadError with everything that is wrong."""
    return load_file(ProductForm, path, root)


def load_operation(path: Path, root: Path) -> OperationForm:
    """``<operation>.yaml``. Raises LoadError with everything that is wrong."""
    return load_file(OperationForm, path, root)


def load_file(form: type[Form], path: Path, root: Path) -> Form:
    """A file as a form filled in. Raises LoadError with everything that is wrong."""
    file = path.relative_to(root).as_posix()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError([Problem(Mark(file), f"cannot be read: {error}")]) from None
    data = read_text(text, file)
    try:
        return load_form(form, data)
    except ValidationError as error:
        raise LoadError(_problems(error.messages, data, data.mark)) from None


def _problems(messages: Any, data: Any, mark: Mark) -> Iterator[Problem]:
    """Marshmallow's tree of messages, each with the position of what it is about."""
    if isinstance(messages, list):
        for message in messages:
            yield Problem(mark, str(message))
        return
    for key, inner in messages.items():
        if isinstance(data, Mapping) and key in data:
            own = next(known for known in data if known == key)
            at = mark_of(own, mark)
            text = (
                isinstance(data[key], str) and isinstance(inner, list) and not str(inner[0]).startswith("unknown key")
            )
            yield from _problems(inner, data[key], mark_of(data[key], at) if text else at)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            yield from _problems(inner, data[key], mark_of(data[key], mark))
        elif isinstance(inner, list) and str(inner[0]).startswith("Missing data"):
            yield Problem(mark, f'"{key}" is missing here')
        else:  # marshmallow's own steps: the key or the value of a mapping, or the form as a whole
            yield from _problems(inner, data, mark_of(data, mark) if key == "value" and isinstance(data, str) else mark)
