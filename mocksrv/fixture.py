"""Fixtures: YAML with positions, through marshmallow, into the frozen forms of ``forms``."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from marshmallow import INCLUDE, Schema, ValidationError, post_load, validates_schema

from mocksrv.errors import LoadError, Mark, Problem, nearest
from mocksrv.forms import OperationForm, ProductForm
from mocksrv.yamltext import mark_of, read_text

Form = TypeVar("Form")


def words_of(form: type[Any]) -> dict[str, Any]:
    """The words of a form, as they are spelt in a fixture, with the marshmallow field that reads each."""
    found = {}
    for field in dataclasses.fields(form):
        if reader := field.metadata.get("word"):
            found[reader.data_key or field.name] = reader
    return found


class _FormSchema(Schema):
    """Unknown keys are reported beside all other errors, with the nearest right word."""

    form: type[Any]

    class Meta:
        unknown = INCLUDE

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _known(self, data: Any, original: Any, **_: Any) -> None:
        words = words_of(self.form)
        unknown = {key: [f'unknown key "{key}"{nearest(key, words)}'] for key in original if key not in words}
        if unknown:
            raise ValidationError(unknown)

    @post_load(pass_original=True)
    def _make(self, data: dict[str, Any], original: Any, **_: Any) -> Any:
        names = {field.name for field in dataclasses.fields(self.form)}
        given = {name: value for name, value in data.items() if name in names}
        return self.form(**given, mark=mark_of(original, Mark("?")))


@cache
def _schema_of(key: Hashable) -> Schema:
    form: type[Any] = cast(type[Any], key)
    readers = {field.name: field.metadata["word"] for field in dataclasses.fields(form) if "word" in field.metadata}
    made = type(form.__name__, (_FormSchema,), {**readers, "form": form, "error_messages": {
        "type": "a mapping of words is wanted here",
    }})  # fmt: skip
    return made()  # type: ignore[no-any-return]


def load_form(form: type[Form], data: Any) -> Form:
    """A form filled in. Raises marshmallow's ValidationError with everything that is wrong."""
    loaded: Form = _schema_of(cast(Hashable, form)).load(data)
    return loaded


def load_product(path: Path, root: Path) -> ProductForm:
    """``product.yaml``. Raises LoadError with everything that is wrong."""
    return _load(ProductForm, path, root)


def load_operation(path: Path, root: Path) -> OperationForm:
    """``<operation>.yaml``. Raises LoadError with everything that is wrong."""
    return _load(OperationForm, path, root)


def _load(form: type[Form], path: Path, root: Path) -> Form:
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
