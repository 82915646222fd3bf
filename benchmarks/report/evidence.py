"""What a report is made from, the runs in it, and how a figure is computed from it.

A figure is named by a path, so that whoever has the report can compute it again from the data in the report:

    run|3|voice_to_voice|p50                        of the fourth run, `benchmarks.measures.summary`
    run|3|cpu_cores                                 see `Run.figures`
    endpointing|0|tuned|default|all|cut_in_share    of the first endpointing file: batch, policy, utterances
    capacity|0|knee                                 of the first capacity model, `benchmarks.capacity.Model`
    A / B, A - B                                    of two of these
"""

import base64
import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from benchmarks import capacity
from benchmarks.measures import summary

Fields = Mapping[str, Any]
DATA_ID = "raw-data"
_DATA = re.compile(rf'<script id="{DATA_ID}"[^>]*>([^<]*)</script>')


@dataclass(frozen=True, slots=True)
class Document:
    """One file that was given: the result of a comparison or of the endpointing benchmark."""

    name: str
    content: Mapping[str, Any]

    @property
    def is_comparison(self) -> bool:
        """Otherwise it is of the endpointing."""
        return "targets" in self.content


@dataclass(frozen=True, slots=True)
class Run:
    """One target in one scenario with so many sessions."""

    number: int
    """In this report."""
    document: int
    """Only runs of the same document are compared with each other."""
    fields: Mapping[str, Any]
    figures: Mapping[str, Any]
    """`benchmarks.measures.summary`."""

    @property
    def name(self) -> str:
        """Of the target."""
        return str(self.fields["name"])

    @property
    def scenario(self) -> str:
        """What people did."""
        return str(self.fields["scenario"])

    @property
    def sessions(self) -> int:
        """At once."""
        return int(self.fields["sessions"])

    @property
    def profile(self) -> str:
        """The vendors' delays and faults."""
        tails = ", long tails" if self.fields["tails"] else ""
        faults = "".join(f", {fault}" for fault in self.fields["faults"])
        return f"{self.fields['profile']}{tails}{faults}"

    def path(self, *keys: str) -> str:
        """Of one of its figures."""
        return "|".join(("run", str(self.number), *keys))


@dataclass(frozen=True)
class Evidence:
    """Everything that a report says comes from this."""

    documents: Sequence[Document]

    @cached_property
    def runs(self) -> list[Run]:
        """All, in order."""
        found: list[Run] = []
        for index, document in enumerate(self.documents):
            for fields in document.content.get("targets", ()):
                found.append(Run(len(found), index, fields, summary(fields)))
        return found

    @cached_property
    def endpointings(self) -> list[Document]:
        """The files of the endpointing benchmark."""
        return [document for document in self.documents if not document.is_comparison]

    @cached_property
    def capacities(self) -> list[tuple[Document, capacity.Model | capacity.Unsupported]]:
        """A model, or why there is none, of each target with plain turns, and the file that it is from."""
        comparisons = [document for document in self.documents if document.is_comparison]
        return [(document, found) for document in comparisons for found in capacity.models(document.content["targets"])]

    def value(self, path: str) -> float | None:
        """A figure; None if it was not measured."""
        for sign in (" / ", " - "):
            if sign in path:
                first, second = (self.value(part) for part in path.split(sign))
                if first is None or second is None or (sign == " / " and second == 0):
                    return None
                return first / second if sign == " / " else first - second
        kind, number, *keys = path.split("|")
        found: Any
        if kind == "run":
            found = self.runs[int(number)].figures
        elif kind == "capacity":
            found = capacity.figures(self.capacities[int(number)][1])
        else:
            batch, policy, utterances, *keys = keys
            rows = self.endpointings[int(number)].content[batch]["rows"]
            found = next(row for row in rows if row["policy"] == policy and row["utterances"] == utterances)
        for key in keys:
            found = None if found is None else found.get(key)
        return None if found is None else float(found)

    def embedded(self) -> str:
        """All documents, for the inside of a page: JSON, gzip, base64."""
        content = [{"name": document.name, "content": document.content} for document in self.documents]
        return base64.b64encode(gzip.compress(orjson.dumps(content), mtime=0)).decode()


def read(paths: Sequence[Path]) -> Evidence:
    """From files. Raises ValueError for a file that is no result."""
    documents = [Document(path.name, orjson.loads(path.read_bytes())) for path in paths]
    for document in documents:
        batches = document.content.values()
        if not document.is_comparison and not all(isinstance(one, dict) and "rows" in one for one in batches):
            raise ValueError(f"{document.name} is no result of `compare --out` or `endpointing --json`.")
    return Evidence(documents)


def read_report(page: str) -> Evidence:
    """What a report was made from, out of the report."""
    found = _DATA.search(page)
    if found is None:
        raise ValueError("There is no data in this page.")
    content = orjson.loads(gzip.decompress(base64.b64decode(found[1])))
    return Evidence([Document(one["name"], one["content"]) for one in content])
