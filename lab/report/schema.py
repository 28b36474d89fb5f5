"""The published JSON Schemas of report.json, of a run and of many, made from the models.

`python -m lab.report.schema` writes them anew.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from lab.report.document import Report, SuiteReport

HERE: Final = Path(__file__).parent
PUBLISHED: Final[Mapping[str, type[BaseModel]]] = {"run": Report, "suite": SuiteReport}


def file_of(name: str) -> Path:
    """Return where the schema of a `run` or a `suite` is published."""
    return HERE / f"{name}.schema.json"


def document(name: str) -> str:
    """Return a schema as its file has it."""
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:aiseg:{name}:1",
        "title": f"AiSEG lab {name}, version 1",
    }
    made = PUBLISHED[name].model_json_schema(mode="serialization")
    return json.dumps({**about, **made, **about}, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for each in PUBLISHED:
        file_of(each).write_text(document(each), "utf-8")
