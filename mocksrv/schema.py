"""Forms as marshmallow schemas: a frozen dataclass declares its words, each with the field that reads it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load, validates_schema

from mocksrv.errors import Mark, nearest
from mocksrv.yamltext import mark_of

Form = TypeVar("Form")


class Read(fields.Field[Any]):
    """A marshmallow field whose reader is a function from text to value that raises ValueError with a sentence."""

    def __init__(self, read: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(**options)
        self.read = read

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Any:
        try:
            return self.read(value)
        except ValueError as error:
            raise self.make_error("invalid", sentence=str(error)) from None
        except (TypeError, AttributeError):  # a reader of texts was given a list or a mapping
            raise self.make_error("invalid", sentence="a text is wanted here") from None

    default_error_messages = {"invalid": "{sentence}"}  # noqa: RUF012 (marshmallow's own declaration)


class Nest(fields.Field[Any]):
    """A form within a form, by its dataclass; ``choose`` picks one by what the text says."""

    def __init__(self, form: type[Any] | Callable[[Any], type[Any]], **options: Any) -> None:
        super().__init__(**options)
        self.form = form

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Any:
        chosen = self.form if isinstance(self.form, type) else self.form(value)
        return load_form(chosen, value)


def word(read: Any, default: Any = None, *, named: str | None = None, needed: bool = False) -> Any:
    """Declare a word: how it is read, what it is when absent (``dict``: an empty one), and how it is spelt."""
    reader = read if isinstance(read, fields.Field) else Read(read)
    reader.required = needed
    reader.data_key = named
    metadata = {"word": reader}
    if default in (dict, list):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


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
        if not isinstance(original, Mapping):
            return
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
