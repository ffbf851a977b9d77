"""WireMock's request patterns: what they find, what they say of the rest, and what is refused.

The tables of JSON and JSONPath are as WireMock 2.35.1 answered; where we refuse what it reads, the sentence is tested.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mocksrv.matching.pattern import Pattern, read_pattern
from mocksrv.matching.unread import UnknownMatcher

HEADERS = {"Host": "localhost", "X-Client-Id": "TEST_CLIENT_ID", "X-Empty": ""}
KNOWN = "absent, contains, doesNotMatch, equalTo, equalToIgnoreCase, equalToJson, matches, matchesJsonPath"


def request(body: str = "", method: str = "POST", url: str = "/ppi/otp/generate?a=1&a=2&b=x+y%26&c") -> dict[str, Any]:
    return {
        "url": url,
        "absoluteUrl": f"http://localhost{url}",
        "method": method,
        "clientIp": "127.0.0.1",
        "headers": HEADERS,
        "cookies": {},
        "body": body,
    }


def body_pattern(matcher: dict[str, Any]) -> Pattern:
    return read_pattern({"bodyPatterns": [matcher]})


def accepts(matcher: dict[str, Any], body: str) -> bool:
    return body_pattern(matcher).matches(request(body))


# what a pattern finds


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ({}, True),
        ({"method": "ANY"}, True),
        ({"method": "POST"}, True),
        ({"method": "post"}, False),
        ({"method": "GET"}, False),
        ({"method": None, "url": None}, True),
        ({"url": "/ppi/otp/generate?a=1&a=2&b=x+y%26&c"}, True),
        ({"url": "/ppi/otp/generate"}, False),
        ({"urlPath": "/ppi/otp/generate"}, True),
        ({"urlPath": "/ppi/otp"}, False),
        ({"urlPattern": "/ppi/otp/.*"}, True),
        ({"urlPattern": "/ppi/otp/generate"}, False),
        ({"urlPathPattern": "/ppi/[a-z]+/generate"}, True),
        ({"urlPathPattern": "ppi"}, False),
        ({"urlPathPattern": "/ppi|.*generate"}, True),
        ({"urlPath": "/ppi/otp/generate", "method": "GET"}, False),
        ({"headers": {"x-client-id": {"equalTo": "TEST_CLIENT_ID"}}}, True),
        ({"headers": {"X-CLIENT-ID": {"equalTo": "test_client_id"}}}, False),
        ({"headers": {"X-CLIENT-ID": {"equalTo": "test_client_id", "caseInsensitive": True}}}, True),
        ({"headers": {"x-client-id": {"equalToIgnoreCase": "test_client_id"}}}, True),
        ({"headers": {"x-client-id": {"absent": True}}}, False),
        ({"headers": {"x-other": {"absent": True}}}, True),
        ({"headers": {"x-other": {"doesNotMatch": "x"}}}, True),
        ({"headers": {"x-other": {"matches": ".*"}}}, False),
        ({"headers": {"x-empty": {"equalTo": ""}}}, True),
        ({"headers": {"x-empty": {"matches": ""}, "host": {"contains": "ocal"}}}, True),
        ({"headers": {"x-empty": {"matches": ""}, "host": {"contains": "remote"}}}, False),
        ({"queryParameters": {"a": {"equalTo": "2"}}}, True),
        ({"queryParameters": {"a": {"equalTo": "3"}}}, False),
        ({"queryParameters": {"a": {"doesNotMatch": "1"}}}, True),
        ({"queryParameters": {"A": {"absent": True}}}, True),
        ({"queryParameters": {"b": {"equalTo": "x y&"}}}, True),
        ({"queryParameters": {"c": {"equalTo": ""}}}, True),
        ({"queryParameters": {"c": {"absent": True}}}, False),
        ({"bodyPatterns": []}, True),
        ({"bodyPatterns": [{"absent": True}]}, True),
    ],
    ids=str,
)
def test_a_pattern_finds_the_requests_that_it_means(pattern: dict[str, Any], found: bool) -> None:
    assert read_pattern(pattern).matches(request()) is found


@pytest.mark.parametrize(
    ("matcher", "yes", "no"),
    [
        ({"equalTo": "a"}, ["a"], ["A", "ab", ""]),
        ({"equalTo": ""}, [], ["", " "]),
        ({"equalToIgnoreCase": "É"}, ["é", "É"], ["e"]),
        ({"contains": "b"}, ["abc", "a\nb"], ["a", ""]),
        ({"matches": "b"}, ["b"], ["ab", "b\n", ""]),
        ({"matches": ".*b.*"}, ["abc", "a\nb\n"], ["a", ""]),
        ({"matches": "a|b"}, ["a", "b"], ["ab"]),
        ({"matches": "(?i)A"}, ["a", "A"], ["b"]),
        ({"matches": "(?is)A.B"}, ["a\nb"], ["ab"]),
        ({"matches": r"\[[a\]]\.(?<n>x)\k<n>"}, ["[a.xx", "[].xx"], ["[a.x", "[a_xx"]),
        ({"matches": r"\d+a++$"}, ["1aa"], ["1", "\u0661a"]),
        ({"matches": "([0-9]+)-\\1"}, ["12-12"], ["12-13"]),
        ({"doesNotMatch": "b"}, ["ab", ""], ["b"]),
        ({"absent": True}, [""], ["a"]),
    ],
    ids=str,
)
def test_a_matcher_of_texts(matcher: dict[str, Any], yes: list[str], no: list[str]) -> None:
    assert [accepts(matcher, body) for body in (*yes, *no)] == [True] * len(yes) + [False] * len(no)


ORDER, EXTRAS = {"ignoreArrayOrder": True}, {"ignoreExtraElements": True}


@pytest.mark.parametrize(
    ("wanted", "options", "yes", "no"),
    [
        ('{"a": 1}', {}, ['{"a": 1}', ' {"a": 1.0}'], ['{"a": "1"}', '{"a": true}', '{"a": 1, "b": 2}', "{}", "", "x"]),
        ({"a": None}, {}, ['{"a": null}'], ["{}", '{"a": 0}']),
        ({}, {}, ["{}"], ['{"a": null}', "[]", "", "null"]),
        ('"x"', {}, ['"x"'], ["x"]),
        (None, {}, ["null"], ["", "0"]),
        (1, {}, ["1"], ["true"]),
        ({"a": {"b": 1}}, EXTRAS, ['{"a": {"b": 1, "c": 2}, "d": 3}'], ['{"a": {}}', '{"b": 1}']),
        ([1, 2], {}, ["[1, 2]"], ["[2, 1]", "[1, 2, 3]", "[1]"]),
        ([1, 2], ORDER, ["[2, 1]"], ["[1, 2, 3]", "[1, 1]"]),
        ([1, 2], EXTRAS, ["[1, 2, 3]"], ["[0, 1, 2]", "[2, 1]", "[1]"]),
        ([3, 1], {**ORDER, **EXTRAS}, ["[1, 2, 3]"], ["[1, 2]"]),
        ([1, 1], {**ORDER, **EXTRAS}, ["[1, 2, 1]"], ["[1, 2, 3]"]),
        ([[1, 2], [3, 4]], ORDER, ["[[4, 3], [2, 1]]"], ["[[1, 3], [2, 4]]"]),
        ([{"a": 1}, {"b": 2}], {**ORDER, **EXTRAS}, ['[{"a": 1, "b": 2}, {"a": 1}]'], ['[{"a": 1, "b": 2}]']),
        (
            [{"a": 1}, {"a": 1, "b": 2}],
            {**ORDER, **EXTRAS},
            ['[{"a": 1, "b": 2}, {"a": 1}]', '[{"a": 1, "b": 2}, {"a": 1, "b": 3}]'],
            ['[{"a": 1}, {"a": 1, "b": 3}]'],
        ),
    ],
    ids=str,
)
def test_json_is_compared_as_json(wanted: Any, options: dict[str, bool], yes: list[str], no: list[str]) -> None:
    matcher = {"equalToJson": wanted, **options}
    assert [accepts(matcher, body) for body in (*yes, *no)] == [True] * len(yes) + [False] * len(no)


@pytest.mark.parametrize(
    ("path", "yes", "no"),
    [
        ("$.a", ['{"a": 1}', '{"a": ""}', '{"a": false}', '{"a": 0}'], ['{"a": null}', '{"a": []}', '{"a": {}}', "{}"]),
        ("a", ['{"a": 1}'], ['[{"a": 1}]', '{"b": 1}', "", "a", '{"a"']),
        ("$", ["5", '""', "[0]"], ["{}", "[]", "null", ""]),
        ("$.a-b", ['{"a-b": 1}'], ['{"a": 1}']),
        ("$.['a'].[\"b\"]", ['{"a": {"b": 1}}'], ['{"a": [{"b": 1}]}']),
        ("$.a[*].b", ['{"a": [{}, {"b": 1}]}', '{"a": [{"b": null}]}'], ['{"a": []}', '{"a": {"b": 1}}']),
        ("$.a[-1]", ['{"a": [null, 1]}'], ['{"a": [1, null]}', '{"a": []}', '{"a": "x"}']),
        ("$.a[0,2]", ['{"a": [1]}'], ['{"a": []}']),
        ("$.a[1:]", ['{"a": [1, 2]}'], ['{"a": [1]}', '{"a": "xy"}']),
        ("$['a', 'b']", ['{"b": 1}'], ['{"c": 1}']),
        ("$..n", ['{"k": [{"n": 1}]}'], ['{"k": "n"}']),
        ("$.*", ['{"k": null}'], ["{}", "5"]),
        ("$[?(@.n == 'x')]", ['{"n": "x"}', '[{"n": "x"}]'], ['{"k": {"n": "x"}}', '{"n": "y"}', '"x"']),
        ("$.t[?(@.n == 'x')].m", ['{"t": {"n": "x", "m": 1}}', '{"t": [{"n": "x", "m": 0}]}'], ['{"t": [{"n": "x"}]}']),
        ("$..[?(@.n == 'x')]", ['{"k": {"n": "x"}}'], ['{"k": {"n": "y"}}']),
        ("$[?(@.n == 5)]", ['{"n": 5}', '{"n": "5"}', '{"n": 5.0}'], ['{"n": "05"}', '{"n": true}', "{}"]),
        ("$[?(@.n == true)]", ['{"n": true}'], ['{"n": "true"}', '{"n": 1}']),
        ("$[?(@.n == null)]", ['{"n": null}'], ["{}"]),
        ("$[?(@.n != 5)]", ['{"n": 4}', '{"m": 5}'], ['{"n": 5}']),
        ("$[?(@.n)]", ['{"n": null}', '{"n": false}'], ["{}"]),
        ("$[?(!@.n)]", ["{}"], ['{"n": 0}']),
        ("$[?(@.n >= 4)]", ['{"n": 4}'], ['{"n": "5"}', '{"n": true}', "{}"]),
        ("$[?(@.n < 'b')]", ['{"n": "a"}'], ['{"n": 1}']),
        ("$[?(@.n == $.m)]", ['{"n": 1, "m": 1}'], ['{"n": 1, "m": 2}', '{"k": 1}']),
        ("$[?(@.n == 1 && (@.m == 2 || @.k))]", ['{"n": 1, "m": 2}', '{"n": 1, "k": 0}'], ['{"n": 1}']),
        ("$[?(@.a.size() == 2)]", ['{"a": [1, 2]}', '{"a": {"b": 1, "c": 2}}'], ['{"a": [1]}', '{"a": "xy"}', "{}"]),
        ("$[?(@.a == 'b.size()')]", ['{"a": "b.size()"}'], ['{"a": "b"}']),
        ("$.a.length()", ['{"a": []}'], ['{"a": "xy"}', "{}"]),
    ],
    ids=str,
)
def test_a_json_path_finds_something(path: str, yes: list[str], no: list[str]) -> None:
    matcher = {"matchesJsonPath": path}
    assert [accepts(matcher, body) for body in (*yes, *no)] == [True] * len(yes) + [False] * len(no)


@pytest.mark.parametrize(
    ("expression", "matcher", "yes", "no"),
    [
        ("$.a", {"equalTo": "5"}, ['{"a": 5}', '{"a": "5"}', '{"a": [4, 5]}'],
         ['{"a": 5.0}', '{"a": null}', "{}", "5"]),
        ("$.a", {"equalTo": "true"}, ['{"a": true}'], ['{"a": 1}']),
        ("$.a", {"equalTo": "X", "caseInsensitive": True}, ['{"a": "x"}'], ['{"a": "y"}']),
        ("$..a", {"contains": "x"}, ['[{"a": "y"}, {"a": "xy"}]'], ['[{"a": "y"}]', "[]"]),
        ("$.a", {"absent": True}, ["{}", '{"a": null}', '{"a": []}'], ['{"a": 0}', '{"a": {}}', "", "x"]),
        ("$.a", {"doesNotMatch": "x"}, ['{"a": "y"}', '{"a": ["x", "y"]}'], ['{"a": "x"}', "{}", ""]),
        ("$.a", {"equalToJson": {"b": 1}}, ['{"a": {"b": 1}}'], ['{"a": [{"b": 1}]}', "{}"]),
        ("$.a", {"equalToJson": '["x"]'}, ['{"a": ["x"]}'], ['{"a": "x"}']),
        ("$..a", {"equalToJson": [1, 2]}, ['[{"a": 1}, {"a": 2}]'], ['[{"a": 1}]']),
        ("$.a", {"matchesJsonPath": {"expression": "$.b", "matches": "."}}, ['{"a": {"b": 1}}'], ['{"a": {"b": 10}}']),
        ("$.a.size()", {"equalTo": "2"}, ['{"a": [1, 2]}'], ['{"a": [1]}', '{"a": 2}']),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_json_path_finds_can_be_matched(
    expression: str, matcher: dict[str, Any], yes: list[str], no: list[str]
) -> None:
    whole = {"matchesJsonPath": {"expression": expression, **matcher}}
    assert [accepts(whole, body) for body in (*yes, *no)] == [True] * len(yes) + [False] * len(no)


# what it says of the others


def test_each_difference_is_a_sentence() -> None:
    pattern = read_pattern({
        "bodyPatterns": [
            {"contains": "6"},
            {"equalTo": "Ü", "caseInsensitive": True},
            {"equalToJson": {"a": [2]}, "ignoreArrayOrder": True, "ignoreExtraElements": True},
            {"matchesJsonPath": "$.b"},
            {"matchesJsonPath": {"expression": "$.a", "equalTo": "6"}},
            {"matchesJsonPath": "$.a"},
        ],
        "queryParameters": {"a": {"equalTo": "3"}, "d": {"matches": r"\d"}, "c": {"absent": True}},
        "headers": {"x-client-id": {"doesNotMatch": "TEST.*"}, "host": {"equalTo": "localhost"}},
        "urlPathPattern": "/ppi",
        "urlPattern": "/ppi",
        "urlPath": "/ppi",
        "url": "/ppi",
        "method": "GET",
    })  # fmt: skip
    url = '"/ppi/otp/generate?a=1&a=2&b=x+y%26&c"'
    body = '"{"a": 5, "c": "\\n"}"'
    assert pattern.differences(request('{"a": 5, "c": "\\n"}')) == [
        'the method should equal "GET", but is "POST"',
        f'the URL should equal "/ppi", but is {url}',
        f'the URL should match "/ppi", but is {url}',
        'the path should equal "/ppi", but is "/ppi/otp/generate"',
        'the path should match "/ppi", but is "/ppi/otp/generate"',
        'header "x-client-id" should not match "TEST.*", but is "TEST_CLIENT_ID"',
        'query parameter "a" should equal "3", but is "1" and "2"',
        'query parameter "d" should match "\\d", but is not there',
        'query parameter "c" should be absent, but is ""',
        f'the body should contain "6", but is {body}',
        f'the body should equal "Ü" in any case, but is {body}',
        f'the body should equal the JSON {{"a": [2]}}, in any order, with more or without, but is {body}',
        f'the body should have "$.b", but is {body}',
        f'the body should equal "6" at "$.a", but is {body}',
    ]


def test_a_difference_is_one_short_line() -> None:
    (sentence,) = body_pattern({"equalTo": "a"}).differences(request("x\n" * 1_000))
    shown = r"x\n" * 100
    assert sentence == f'the body should equal "a", but is "{shown}..."'


# what is refused


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ([], "a request pattern is an object, not []"),
        ({"urlpath": "/"}, '"urlpath" is not known in a request pattern; did you mean "urlPath"?'),
        ({"method": 5}, '"method" is a text, not 5'),
        ({"url": ["/"]}, '"url" is a text, not ["/"]'),
        ({"headers": []}, '"headers" is an object, not []'),
        ({"headers": {"x": "1"}}, 'header "x" is an object, not "1"'),
        ({"headers": {"x": {}}}, f'header "x": a matcher is missing; known: {KNOWN}'),
        ({"headers": {"x": {"equalsTo": "1"}}}, 'header "x": "equalsTo" is not known; did you mean "equalTo"?'),
        ({"queryParameters": {"x": {"hasExactly": []}}},
         f'query parameter "x": "hasExactly" is not known; known: {KNOWN}'),
        ({"bodyPatterns": {}}, '"bodyPatterns" is a list of matchers, not {}'),
        ({"bodyPatterns": [{"equalTo": 5}]}, '"equalTo" is a text, not 5'),
        ({"bodyPatterns": [{"equalTo": "5", "contains": "6"}]},
         '"bodyPatterns": "contains" is not known beside "equalTo"; known: caseInsensitive'),
        ({"bodyPatterns": [{"contains": "5", "caseInsensitive": True}]},
         '"bodyPatterns": "caseInsensitive" is not known beside "contains"; there is none'),
        ({"bodyPatterns": [{"equalToJson": "{}", "ignoreArrayOrder": "yes"}]},
         '"bodyPatterns": "ignoreArrayOrder" is true or false, not "yes"'),
        ({"bodyPatterns": [{"absent": False}]}, '"absent" is true, not false'),
        ({"bodyPatterns": [{"equalToJson": "{'a': 1}"}]}, '"equalToJson" is JSON, not "{\'a\': 1}"'),
        ({"bodyPatterns": [{"equalToJson": {"a": "${json-unit.any-string}"}}]},
         '"equalToJson" knows no placeholders, as in {"a": "${json-unit.any-string}"}'),
        ({"urlPattern": "["}, '"urlPattern" cannot be served: "[" is not a pattern: unterminated character set'),
        ({"urlPattern": "a)|(b"}, '"urlPattern" cannot be served: "a)|(b" is not a pattern: unbalanced parenthesis'),
        ({"urlPattern": "(a+)+b"}, '"urlPattern" cannot be served: "(a+)+b" explodes:'
                                   ' in a text like "aaaaaaaa" each further "aa" multiplies its time'),
        ({"urlPattern": "(a+)+"}, '"urlPattern" cannot be served: "^(?:(a+)+)$" explodes:'
                                  ' in a text like "aaaaaaaa1" each further "aa" multiplies its time'),
        ({"urlPattern": r"\p{L}"}, r'"urlPattern" cannot be served: "\p{L}" is not a pattern: bad escape \p'),
        ({"urlPattern": "[a&&[b]]"},
         '"[a&&[b]" is not read in a regex: a set of sets, or a bracket without a backslash'),
        ({"urlPattern": "[]a]"}, '"[]a]" is not read in a regex: a set of sets, or a bracket without a backslash'),
        ({"urlPattern": "(?m)a"}, '"(?m)" is not read in a regex; "(?i)" and "(?s)" are, at its beginning'),
        ({"urlPattern": "a" * 1001}, '"urlPattern" has more than 1000 characters'),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_is_not_known_is_refused_with_a_sentence(pattern: Any, sentence: str) -> None:
    with pytest.raises(UnknownMatcher) as refused:
        read_pattern(pattern)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "key",
    ["basicAuthCredentials", "cookies", "clientIp", "customMatcher", "formParameters", "host", "multipartPatterns",
     "pathParameters", "port", "scheme", "urlPathTemplate"],
)  # fmt: skip
def test_no_other_key_of_wiremock_is_ignored(key: str) -> None:
    with pytest.raises(UnknownMatcher, match=f'^"{key}" is not known in a request pattern; '):
        read_pattern({key: {}})


@pytest.mark.parametrize(
    "name",
    ["and", "anything", "before", "binaryEqualTo", "doesNotContain", "equalToDateTime", "equalToXml", "includes",
     "matchesJsonSchema", "matchesPathTemplate", "matchesXPath", "not", "or"],
)  # fmt: skip
def test_no_other_matcher_of_wiremock_is_ignored(name: str) -> None:
    for matcher in ({name: "x"}, {"matchesJsonPath": {"expression": "$.a", name: "x"}}):
        with pytest.raises(UnknownMatcher, match=f'^"[A-Za-z]+": "{name}" is not known; '):
            body_pattern(matcher)


REGEX = '; a regex stands beside it: {"expression": ..., "matches": ...}'


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("$.a[", "unexpected end of query"),
        ("$..", "expected a shorthand selector"),
        ("$[?(@.a in ['x'])]", "unexpected '('"),
        ("$[?(@.a =~ /x/)]", "unexpected token '='" + REGEX),
        ("$[?match(@.a, 'x')]", "function 'match' is not defined" + REGEX),
        ("$[?search(@.a, 'x')]", "function 'search' is not defined" + REGEX),
        ("$[?count(@..*) > 1]", "function 'count' is not defined"),
        ("$[?(@..a)]", "within a filter, a path has names and indexes only"),
        ("$[?($[?(@.a)])]", "within a filter, a path has names and indexes only"),
        ("$[?(@.a == @.*)]", "non-singular query is not comparable"),
        ("$[$.a]", "unexpected query selector"),
        ("$..a.size()", "of many nodes there is no size"),
        ("$[1e400]", "invalid literal for int() with base 10: '1e400'"),
        ("$[?(@.a == 1e400)]", "cannot convert float infinity to integer"),
    ],
)
def test_a_json_path_that_is_not_read_is_refused(path: str, why: str) -> None:
    for value in (path, {"expression": path, "equalTo": "x"}):
        with pytest.raises(UnknownMatcher) as refused:
            body_pattern({"matchesJsonPath": value})
        assert str(refused.value) == f'"{path}" is not a JSONPath that is read: {why}'


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (5, '"matchesJsonPath" is an object, not 5'),
        ({"equalTo": "x"}, '"expression" is a text, not null'),
        ({"expression": "$"}, f'"matchesJsonPath": a matcher is missing; known: {KNOWN}'),
        ("$" + "[0]" * 334, '"matchesJsonPath" has more than 1000 characters'),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_json_path_is_a_text_or_has_an_expression_and_a_matcher(value: Any, sentence: str) -> None:
    with pytest.raises(UnknownMatcher) as refused:
        body_pattern({"matchesJsonPath": value})
    assert str(refused.value) == sentence


# no pattern can stall the server

MEBIBYTE = 1 << 20
NUMBERS = "[" + "1," * (MEBIBYTE // 2 - 2) + "1]"
LONG_NAME = '{"' + "n" * (MEBIBYTE // 2) + '": [' + "1," * (MEBIBYTE // 4 - 10) + "1]}"


@pytest.mark.parametrize(
    ("path", "body", "found"),
    [("$..a", NUMBERS, False), ("$..*", LONG_NAME, True), ("$..[?(@.a == 1)]", LONG_NAME, False)],
    ids=["a name", "all below a long name", "a filter"],
)
def test_a_large_body_is_searched_through(path: str, body: str, found: bool) -> None:
    assert accepts({"matchesJsonPath": path}, body) is found


@pytest.mark.parametrize("text", ["foo" * (MEBIBYTE // 3) + "!", "a" * MEBIBYTE], ids=["foofoo", "aaaa"])
@pytest.mark.parametrize("regex", [r".*foo.*bar.*", r"\S+@\S+\.\S+", r"[a-z]+[a-z]+[a-z]+1", r"(.*)b\1"])
def test_a_regex_takes_a_time_that_grows_with_the_text_alone(regex: str, text: str) -> None:
    began = time.perf_counter()
    assert not accepts({"matches": regex}, text)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("matcher", "body", "sentence"),
    [
        ({"matchesJsonPath": "$" + "[*,*,*]" * 20 + ".a"}, "[" * 30 + "1" + "]" * 30, "following a JSONPath"),
        ({"matchesJsonPath": "$" + "..*" * 20 + ".a"}, "[" * 60 + "1" + "]" * 60, "following a JSONPath"),
        ({"matchesJsonPath": f"$..[?({'||'.join(['@.a'] * 190)})]"}, NUMBERS, "following a JSONPath"),
        ({"equalToJson": [*range(900)], **ORDER}, json.dumps([*reversed(range(900))]), "comparing JSON"),
    ],
    ids=["many ways", "many descents", "many terms", "many items"],
)
def test_what_takes_too_many_steps_is_given_up(
    monkeypatch: pytest.MonkeyPatch, matcher: dict[str, Any], body: str, sentence: str
) -> None:
    monkeypatch.setattr("mocksrv.matching.unread.MOST_STEPS", 200_000)
    pattern = body_pattern(matcher)
    for judge in (pattern.matches, pattern.differences):
        with pytest.raises(UnknownMatcher) as refused:
            judge(request(body))
        assert str(refused.value) == f"{sentence} takes too many steps"


def test_items_that_all_have_to_move_are_given_up() -> None:
    wanted = [{str(i): 1} for i in range(900)]
    there = [{str(i): 1, str(i + 1): 1} for i in range(899)] + [{"0": 1}]
    with pytest.raises(UnknownMatcher, match=r"^comparing JSON takes too many steps$"):
        accepts({"equalToJson": wanted, **ORDER, **EXTRAS}, json.dumps(there))
    assert accepts({"equalToJson": wanted[:90], **ORDER, **EXTRAS}, json.dumps(there[:89] + there[-1:]))


def test_the_json_path_library_is_loaded_when_it_is_needed() -> None:
    script = "import sys, mocksrv.matching.pattern; sys.exit('jsonpath' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "error", "-c", script], check=False).returncode == 0


# laws

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, "", "a", "1"])
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner), max_leaves=12
)


@st.composite
def shuffled(draw: st.DrawFn, document: Any, *, arrays: bool, more: bool = False) -> Any:
    """The document with its members, and maybe its items, in another order, and maybe with more of both."""
    if isinstance(document, dict):
        pairs = [(name, draw(shuffled(value, arrays=arrays, more=more))) for name, value in document.items()]
        extra = [("extra", draw(LEAVES))] if more else []
        return dict(draw(st.permutations(pairs + extra)))
    if isinstance(document, list):
        items = [draw(shuffled(item, arrays=arrays, more=more)) for item in document]
        items += draw(st.lists(LEAVES, max_size=2)) if more else []
        return draw(st.permutations(items)) if arrays else items
    return document


@given(st.data(), DOCUMENTS, st.booleans(), st.booleans())
def test_json_equals_itself_in_another_order_and_within_more(data: Any, document: Any, order: bool, more: bool) -> None:
    other = data.draw(shuffled(document, arrays=order, more=more))
    options = {"ignoreArrayOrder": order, "ignoreExtraElements": more}
    for wanted in (json.dumps(document), document):
        if wanted is not document or not isinstance(document, str):  # a text is read as JSON
            assert accepts({"equalToJson": wanted, **options}, json.dumps(other))


@given(DOCUMENTS, DOCUMENTS)
def test_json_without_options_equals_just_itself(one: Any, other: Any) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert accepts({"equalToJson": json.dumps(one)}, json.dumps(other)) is same
    assert accepts({"equalToJson": json.dumps(other)}, json.dumps(one)) is same


@given(DOCUMENTS)
def test_every_value_of_a_document_is_found_by_its_path(document: Any) -> None:
    def places(value: Any, path: str) -> list[tuple[str, Any]]:
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [(path, value), *(place for key, one in pairs for place in places(one, f"{path}[{key!r}]"))]

    for path, value in places(document, "$"):
        if value is not None:
            matcher = {"matchesJsonPath": {"expression": path, "equalToJson": json.dumps(value)}}
            assert accepts(matcher, json.dumps(document)), path


REGEXES = st.lists(
    st.sampled_from(["a", "b", ".", r"\d", "[ab]", "[^a]", "a*", "b?", "(?:ab)", "|", "^", "$", "(", "["]), max_size=5
).map("".join)


@given(REGEXES, st.text("ab1\n", max_size=5))
def test_what_does_not_match_is_what_matches_not(regex: str, body: str) -> None:
    try:
        matches = body_pattern({"matches": regex})
    except UnknownMatcher:
        assume(False)
    assert body_pattern({"doesNotMatch": regex}).matches(request(body)) is not matches.matches(request(body))


TEXTS = st.sampled_from(["", "a", "A", "b", "1", '{"a": 1}', '{"a": "b"}', "[]"])
MATCHERS = st.one_of(
    TEXTS.map(lambda text: {"equalTo": text}),
    TEXTS.map(lambda text: {"equalToIgnoreCase": text}),
    TEXTS.map(lambda text: {"contains": text}),
    st.sampled_from([".*", "a", "[^a]", ""]).map(lambda regex: {"matches": regex}),
    st.sampled_from([".*", "a", "[^a]", ""]).map(lambda regex: {"doesNotMatch": regex}),
    st.sampled_from([{"a": 1}, [], "1"]).map(lambda wanted: {"equalToJson": wanted}),
    st.sampled_from(["$.a", "$..a", "$"]).map(lambda path: {"matchesJsonPath": path}),
    st.just({"absent": True}),
)
PATTERNS = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["ANY", "GET", "POST"]),
        "urlPath": st.sampled_from(["/", "/a"]),
        "urlPattern": st.sampled_from([".*", "/a.*"]),
        "headers": st.dictionaries(st.sampled_from(["host", "x"]), MATCHERS),
        "queryParameters": st.dictionaries(st.sampled_from("ab"), MATCHERS),
        "bodyPatterns": st.lists(MATCHERS, max_size=2),
    },
)
REQUESTS = st.builds(request, TEXTS, st.sampled_from(["GET", "POST"]), st.sampled_from(["/", "/a", "/a?a=1&a=b"]))


@given(PATTERNS, REQUESTS)
def test_a_pattern_matches_where_there_are_no_differences(pattern: dict[str, Any], sent: dict[str, Any]) -> None:
    whole = read_pattern(pattern)
    assert whole.matches(sent) is (whole.differences(sent) == [])
    parts = [read_pattern({key: value}).differences(sent) for key, value in pattern.items()]
    assert sorted(whole.differences(sent)) == sorted(sentence for part in parts for sentence in part)
