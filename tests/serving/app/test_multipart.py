"""Parsing multipart bodies."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.app.multipart import MAX_PARTS, MultipartError, parse_form


def encode(files: dict[str, bytes], fields: dict[str, str]) -> tuple[str, bytes]:
    """Content type and body as httpx sends them."""
    request = httpx.Request("POST", "http://x", files={k: ("n.png", v) for k, v in files.items()}, data=fields)
    return request.headers["content-type"], request.read()


@given(st.binary() | st.lists(st.sampled_from([b"\r\n", b"--", b"\r\n--", b"x", b"\r", b"\n\n"])).map(b"".join), st.text())
def test_every_field_of_an_httpx_request_is_returned_unchanged(content: bytes, text: str) -> None:
    form = parse_form(*encode({"page": content}, {"threshold": text}))
    assert form["page"].content == content
    assert form["page"].is_file
    assert form["threshold"].content.decode() == text
    assert not form["threshold"].is_file


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_an_error_with_a_message(body: bytes) -> None:
    for prefix in (b"", b"--b\r\n", b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n"):
        try:
            parse_form("multipart/form-data; boundary=b", prefix + body)
        except MultipartError as error:
            assert str(error)


@given(st.data())
def test_a_truncated_body_is_an_error(data: st.DataObject) -> None:
    content_type, body = encode({"page": b"some bytes"}, {})
    cut = data.draw(st.integers(0, len(body) - len("--\r\n") - 1))
    with pytest.raises(MultipartError):
        parse_form(content_type, body[:cut])


def test_too_many_fields_are_an_error() -> None:
    assert len(parse_form(*encode({"f": b""}, {str(n): "" for n in range(MAX_PARTS - 1)}))) == MAX_PARTS
    with pytest.raises(MultipartError, match="more than 10 fields"):
        parse_form(*encode({"f": b""}, {str(n): "" for n in range(MAX_PARTS)}))
