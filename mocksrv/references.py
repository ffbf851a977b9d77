"""References: where each of them may lead, and the files of the spec's folder that they lead to.

Neither prance nor openapi-core sees anything but ``#/...``. What a reference means is found here: a part of the spec
itself, or of another file in the spec's folder. Such a file is put into the spec (under `FILES`), and the reference
becomes one to that place; references within the file are its own. So a recursive schema is legal in either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mocksrv.errors import LoadError, Mark, Problem
from mocksrv.folder import Folder
from mocksrv.keywords import EXTENSION, Keyword, Pointer, keywords
from mocksrv.source import Source, pointer_of, read_source, steps_of, value_at

# Below `components`, as every reader of a spec takes these along.
FILES = ("components", "x-mocksrv-files")
# What stands for "$ref" where it is no reference, while prance looks for references.
VEILED = "\x00$ref"
_DIALECTS = (
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    *(f"http://json-schema.org/draft-0{number}/schema" for number in (3, 4, 6, 7)),
)
_UNFOLLOWED = {
    "$id": "moves what the references in its schema mean; leave it out",
    "id": "moves what the references in its schema mean; leave it out",  # so it does in OpenAPI 3.0
    "$dynamicRef": 'is not followed; write "$ref"',
    "$recursiveRef": 'is not followed; write "$ref"',
    "externalValue": 'is not fetched; write the example itself under "value"',
}


@dataclass(frozen=True)
class Target:
    """What a reference means: a path in a file."""

    file: str
    path: Pointer


@dataclass(frozen=True, eq=False)
class Reference:
    """A reference as it was written, where that is, and what it means."""

    at: Target
    holder: dict[str, Any]
    word: str
    text: str
    mark: Mark
    target: Target


class Inclusion:
    """A spec with the files that it refers to, all in its folder. A file is named by its path from there."""

    def __init__(self, source: Source, path: Path, root: Path, folder: Folder) -> None:
        self.root, self.folder, self.shown = root, folder, path.parent.relative_to(root).as_posix()
        self.main = Target(folder.name_of(path) or path.name, ())
        self.files = {self.main.file: source}
        self.unreadable: dict[str, str] = {}
        self.words: list[tuple[Target, Keyword]] = []
        self.references: dict[tuple[Target, str], Reference] = {}
        self.problems: list[Problem] = []

    def value(self, target: Target) -> Any:
        """What stands at a place."""
        return value_at(self.files[target.file].data, target.path)

    def mark(self, target: Target, *steps: str) -> Mark:
        """The position of a place."""
        return self.files[target.file].mark(*target.path, *steps)

    def follow(self) -> None:
        """Read every file that is referred to, and learn all keywords and references that can be reached.

        Raises LoadError for every reference that leads out of the folder, or nowhere, or to what cannot be read.
        """
        queue, seen = [self.main], set[int]()
        for target in queue:
            value = self.value(target)
            for word in keywords(value, target.path) if id(value) not in seen else ():
                at = Target(target.file, word.at)
                if word.role == EXTENSION:  # other words mean something only if a reference leads here
                    found = self._refers(at, word.holder, word.word) if word.word == "$ref" else ()
                    queue += [each.target for each in found]
                else:
                    seen.add(id(word.holder))
                    self.words.append((at, word))
                    queue += [each.target for each in self._word(at, word)]
        if self.problems:
            raise LoadError(self.problems)

    def _word(self, at: Target, word: Keyword) -> Iterator[Reference]:
        """The references in a keyword; problems with those that are not followed."""
        value = word.value
        if word.word == "$ref":
            yield from self._refers(at, word.holder, "$ref")
        elif word.word == "discriminator" and isinstance(value, dict) and isinstance(value.get("mapping"), dict):
            inner = Target(at.file, (*at.path, "discriminator", "mapping"))
            for name in value["mapping"]:
                yield from self._refers(inner, value["mapping"], name)
        elif word.word in _UNFOLLOWED:
            self._blame(at, word.word, f'"{word.word}: {value}" {_UNFOLLOWED[word.word]}')
        elif word.word in ("$schema", "jsonSchemaDialect") and str(value).rstrip("#") not in _DIALECTS:
            self._blame(at, word.word, f'"{value}" is no dialect of JSON Schema that is known here')
        elif word.word == "operationRef" and self._place(at.file, str(value).partition("#")[0] + "#") is None:
            self._blame(at, word.word, self._leads_out(str(value)))

    def _blame(self, at: Target, word: str, what: str) -> None:
        self.problems.append(Problem(self.mark(at, word), what))

    def _leads_out(self, text: str) -> str:
        return f'"{text}" leads out of {self.shown}; only "#/..." and files in there are followed'

    def _refers(self, at: Target, holder: dict[str, Any], word: str) -> Iterator[Reference]:
        """A reference, if it means something."""
        if (at, word) not in self.references:
            text = holder[word]
            try:
                target = self._meant(at.file, text, word)
            except ValueError as error:
                self._blame(at, word, str(error))
            else:
                self.references[at, word] = Reference(at, holder, word, text, self.mark(at, word), target)
                yield self.references[at, word]

    def _meant(self, file: str, text: Any, word: str) -> Target:
        if not isinstance(text, str):
            raise ValueError('a reference is a text like "#/components/schemas/User"')
        schema = Target(self.main.file, ("components", "schemas", text))
        if word != "$ref" and self.value(schema) is not None:  # a discriminator may name its schema
            return schema
        target = self._place(file, text)
        if target is None:
            raise ValueError(self._leads_out(text))
        if target == self.main:
            raise ValueError(f'"{text}" means the whole spec; write "#/..."')
        self._open(target.file, text)
        if self.value(target) is None:
            raise ValueError(f'"{text}" leads nowhere')
        return target

    def _place(self, file: str, text: str) -> Target | None:
        """Where a reference in a file leads; None when that is outside. Whether anything is there is not asked."""
        path, _, fragment = text.partition("#")
        try:
            name = self.folder.found(path, file) if path else file
            fragment = unquote(fragment, errors="strict")
        except ValueError:
            return None
        if fragment and not fragment.startswith("/"):
            raise ValueError(f'"{text}" names an anchor; only "#/..." is followed')
        return Target(name, steps_of(fragment)) if name and text else None

    def _open(self, file: str, text: str) -> None:
        if file not in self.files and file not in self.unreadable:
            try:
                self.files[file] = read_source(self.folder.path / file, self.root, self.folder)
            except LoadError as error:
                self.unreadable[file] = str(error.problems[0])
        if file in self.unreadable:
            raise ValueError(f'"{text}" leads to what cannot be used: {self.unreadable[file]}')

    def put_together(self) -> None:
        """Put the files into the spec, let every reference lead there, and veil what only looks like one."""
        source = self.files[self.main.file]
        others = {name: file for name, file in self.files.items() if file is not source}
        if others:
            source.data.setdefault(FILES[0], {})[FILES[1]] = {name: file.data for name, file in others.items()}
        for name, file in others.items():
            source.add(file, (), (*FILES, name))
        for reference in self.references.values():
            target = reference.target
            inner = target.path if target.file == self.main.file else (*FILES, target.file, *target.path)
            reference.holder[reference.word] = "#" + pointer_of(inner)
        real = {id(each.holder) for each in self.references.values() if each.word == "$ref"}
        for holder in _holders(source.data, "$ref"):
            if id(holder) not in real:
                _rename(holder, "$ref", VEILED)


def unveil(document: dict[str, Any]) -> None:
    """Undo the veiling once all references are resolved, and take out the files that no recursion needs any more."""
    components = document.get(FILES[0])
    files = components.pop(FILES[1], None) if isinstance(components, dict) else None
    needed = files is not None and _mentions([document, files], "#" + pointer_of(FILES) + "/")
    for holder in _holders(document, VEILED):
        _rename(holder, VEILED, "$ref")
    if needed and components:
        for holder in _holders(files, VEILED):  # nobody reads them there
            del holder[VEILED]
        components[FILES[1]] = files


def _parts(value: Any) -> Iterator[Any]:
    """Everything within a value, each thing once."""
    stack, seen = [value], set[int]()
    while stack:
        part = stack.pop()
        if isinstance(part, (dict, list)):
            if id(part) in seen:
                continue
            seen.add(id(part))
            stack += part.values() if isinstance(part, dict) else part
        yield part


def _holders(value: Any, word: str) -> list[dict[str, Any]]:
    return [part for part in _parts(value) if isinstance(part, dict) and word in part]


def _mentions(value: Any, beginning: str) -> bool:
    return any(isinstance(part, str) and part.startswith(beginning) for part in _parts(value))


def _rename(holder: dict[str, Any], old: str, new: str) -> None:
    """Another name for a key, in the same place among the others."""
    items = [(new if key == old else key, value) for key, value in holder.items()]
    holder.clear()
    holder.update(items)
