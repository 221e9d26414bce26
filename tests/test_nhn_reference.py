"""The NHN reference is read whole: its facts are those at hand, and what it says in two ways is decided by name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.nhn_client import promised
from tests.nhn_conformance import ERRORS, FACTS, OPERATIONS
from tests.nhn_reference import OPERATIONS as NAMES
from tests.nhn_reference import read, rendered, walk

REFERENCE = os.environ.get("NHN_REFERENCE", "")

DECISIONS = {
    "required is written as true and false": "read as the other tables' O and blank",
    "data.groups[].faceCount counts no array of the answer": "it counts the group's faces; every other count is of the"
    " array beside it, so groupCount and faceCount of lists are those of the page",
    "a sample answer lacks a quotation mark after orientation": "mended",
    "the table says rightLib where the sample says rightLip": "rightLip",
    "the table has fields in another order than the sample": "the sample's order",
    "the error table has code and message the other way round": "read by their content",
    "externalImageId may have .-:, a range or three characters": "either reading is taken: point, hyphen, slash, colon",
    "the interval of externalImageId is written as that of limit, from 2": "1 to 255 characters",
    "a request sample has threshold without a value": "it needs one, as its table says",
    "the table lacks data.modelVersion": "answered by the search by image, as in its sample; the search by face has it"
    " neither in its table nor in its sample, and does not answer it",
    "a request sample has 'threshold ', which is no parameter": "threshold, as its table says",
    "error messages begin with Image and end in {Source/Target}": "spelled so, each with either side",
    "the common samples order the header in another way than those of the operations": "a good answer has the order of"
    " its operation's sample, a refusal that of the only sample of one",
    "the common sample has resultMessage Success, those of the operations SUCCESS": "SUCCESS, as the table says too",
}
"""What the reference says in two ways, and which of them holds."""

COUNTS = [11, 229, 66]
"""Operations, fields of their answers, rows of their error tables."""

COMMON = """
### Common
| name | type | text |
| --- | --- | --- |
| header.good | boolean | |
| header.code | int | |

```json
{"header": {"good": true, "code": 0}}
```
```json
{"header": {"code": -1, "good": false}}
```
"""

SEARCH = """
### Search
* At most `7` things.
[URI]
| method | URI |
| --- | --- |
| POST | /v1/{appKey}/groups/{group-id}/search |

[Path Variable]
| name | text |
| --- | --- |
| appKey | |
| group-id | [a-z0-9-]{1,9} |

[URL Parameter]
| name | type | required | example | text |
| --- | --- | --- | --- | --- |
| limit | int | O | 1 | 0< limit <= 9 |

[Request Body]
| name | type | required | example | text |
| --- | --- | --- | --- | --- |
| label | string | | "a" | [a-z\\_.-:]+<br>1 <limit <= 5 |
| image.url | string | false | "a" | |

[Sample]
```sh
curl -X POST 'https://example.com/v1/{appKey}/groups/{group-id}/search?limit' \\
 -d '{"image": {"url": ""}, "label ": "a"}'
```
#### Answer
```json
{"header": {"good": true, "code": 0}, "data": {"oneCount": 1, "ones": [{"b": 1.5, "a: {"kind": "rest"}}], "more": 1}}
```
[Fields]
| name | type | required | example | text |
| --- | --- | --- | --- | --- |
| data.oneCount | int | O | 1 | |
| data.ones[].a | object | true | - | |
| data.ones[].a.kind | string | O | "rest" | `rest`, `tset` |
| data.ones[].b | float | | 1.5 | 0\\~3 |
| data.gone | int | O | 1 | |

#### Error Codes
| code | message | text |
| --- | --- | --- |
| -2 | Plain | |
| Image:{Source/Target} | -1 | |
"""


def test_a_page_is_read_by_its_tables_and_samples() -> None:
    facts = json.loads(read(COMMON + SEARCH))
    (found,) = facts["operations"].values()
    assert facts["failure"] == {"header": {"code": -1, "good": False}}
    assert (found["method"], found["path"], found["most"]) == ("POST", "/v1/{appKey}/groups/{group-id}/search", 7)
    assert found["request"] == {
        "appKey": {"in": "path", "type": "string", "required": True},
        "group-id": {"in": "path", "type": "string", "required": True, "pattern": "[a-z0-9-]{1,9}"},
        "limit": {"in": "query", "type": "int", "required": True, "least": 1, "most": 9},
        "label": {"in": "body", "type": "string", "required": False, "pattern": "[a-z_.-:]+", "least": 2, "most": 5},
        "image.url": {"in": "body", "type": "string", "required": False},
    }
    assert list(found["answer"].items()) == [
        ("header", {"type": "object", "required": True}),
        ("header.good", {"type": "boolean", "required": True}),
        ("header.code", {"type": "int", "required": True}),
        ("data", {"type": "object", "required": True}),
        ("data.oneCount", {"type": "int", "required": True}),
        ("data.ones", {"type": "array", "required": True}),
        ("data.ones[]", {"type": "object", "required": True}),
        ("data.ones[].b", {"type": "float", "required": False, "least": 0, "most": 3}),
        ("data.ones[].a", {"type": "object", "required": True}),
        ("data.ones[].a.kind", {"type": "string", "required": True, "values": ["rest", "tset"]}),
        ("data.more", {"type": "int", "required": True}),
    ]
    assert found["sample"]["data"]["ones"] == [{"b": 1.5, "a": {"kind": "rest"}}]
    assert found["errors"] == [[-2, "Plain"], [-1, "Image:Source"], [-1, "Image:Target"]]


def test_what_a_page_says_in_two_ways_is_told() -> None:
    facts = json.loads(read(COMMON + SEARCH))
    assert facts["notes"] == {
        "label may have .-:, a range or three characters": ["search_by_image"],
        "the interval of label is written as that of limit, from 2": ["search_by_image"],
        "required is written as true and false": ["search_by_image"],
        "a request sample has limit without a value": ["search_by_image"],
        "a request sample has 'label ', which is no parameter": ["search_by_image"],
        "a sample answer lacks a quotation mark after a": ["search_by_image"],
        "the samples lack data.gone": ["search_by_image"],
        "the table lacks data.more": ["search_by_image"],
        "the table says tset where the sample says ": ["search_by_image"],
        "the table has fields in another order than the sample": ["search_by_image"],
        "the error table has code and message the other way round": ["search_by_image"],
        "error messages begin with Image and end in {Source/Target}": ["search_by_image"],
        "the common samples order the header in another way than those of the operations": ["common"],
    }
    changed = SEARCH.replace("curl -X POST", "curl -X PUT").replace('"b": 1.5', '"b": "1.5"').replace("ones", "twos")
    notes = json.loads(read(COMMON.replace("0}", "1}") + changed))["notes"]
    assert {
        "a request sample has another method or path",
        "b is no float in a sample",
        "data.oneCount counts no array of the answer",
        "the common sample has code 1, those of the operations 0",
    } <= set(notes)
    ordered = SEARCH.replace('{"b": 1.5, "a: {"kind": "rest"}}', '{"a: {"kind": "rest"}, "b": 1.5}')
    assert "another order" not in read(COMMON + ordered)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
)


@given(JSON)
def test_what_is_rendered_is_the_same_json_in_the_same_order(value: Any) -> None:
    assert json.dumps(json.loads(rendered(value))) == json.dumps(value)


def test_everything_that_is_said_in_two_ways_is_decided() -> None:
    assert set(FACTS["notes"]) == set(DECISIONS)


def test_the_facts_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    asked = {f"{it['method']} {it['path'].partition('{appKey}/')[2]}": name for name, it in OPERATIONS.items()}
    assert asked == NAMES
    fields = {name: {path for path, _ in walk(facts["sample"])} for name, facts in OPERATIONS.items()}
    assert fields == {name: set(facts["answer"]) for name, facts in OPERATIONS.items()}
    counts = [len(OPERATIONS), sum(map(len, fields.values())), sum(map(len, ERRORS.values()))]
    assert counts == COUNTS
    assert sum(counts) == len(promised())
    with capsys.disabled():
        print(f"\nNHN reference: {counts[0]} operations, {counts[1]} fields, {counts[2]} codes")


@pytest.mark.skipif(not REFERENCE, reason="NHN_REFERENCE names no page")
def test_the_facts_at_hand_are_those_of_the_page() -> None:
    stored = Path(__file__).parent / "data" / "nhn.json"
    assert stored.read_text() == read(Path(REFERENCE).read_text())
