"""The page at ``/``, as a person with a browser sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from benchmarks.browser import Browser, Page
from tests.serving.app.detect_requests import detect, image_file


@pytest.fixture
def front_page(browser: Browser, served: str) -> Iterator[Page]:
    with browser.page(f"{served}/") as page:
        yield page
    assert page.outside_requests == []


def test_it_says_what_runs_and_how_to_call_it(front_page: Page, served: str) -> None:
    assert "detector 1 and reports boxes\nwith a score of at least 0.5" in front_page.evaluate("document.body.textContent")
    assert f'curl -F "page=@page.png" {served}/detect' in front_page.text
    assert front_page.problems == []


def test_the_boxes_are_drawn_over_the_chosen_page(front_page: Page, client: httpx.Client, pages: list[Path]) -> None:
    front_page.choose_file("#file", pages[1])
    front_page.wait_for("!document.querySelector('#answer').hidden")
    boxes = detect(client, pages[1].read_bytes()).json()["boxes"]
    drawn = front_page.evaluate("[...document.querySelectorAll('#boxes rect')].map((box) => Number(box.getAttribute('x')))")
    assert drawn == [box["x0"] for box in boxes]
    assert f"second.jpg: {len(boxes)} redactions" in front_page.text
    # over the picture, in its size
    area = "['x', 'y', 'width', 'height'].map((side) => document.querySelector('{}').getBoundingClientRect()[side])"
    picture, overlay = (front_page.evaluate(area.replace("{}", name)) for name in ("#picture", "#boxes"))
    assert picture == pytest.approx(overlay, abs=1)
    assert picture[3] / picture[2] == pytest.approx(1650 / 1275, rel=0.01)
    assert front_page.problems == []


def test_a_dropped_page_is_looked_at_too(front_page: Page) -> None:
    drop = """(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 600, height: 800 });
      canvas.getContext("2d").fillRect(100, 100, 300, 40);
      const files = new DataTransfer();
      files.items.add(new File([await new Promise((done) => canvas.toBlob(done))], "dropped.png"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
    })()"""
    front_page.evaluate(drop)
    front_page.wait_for("document.querySelector('#status').textContent.startsWith('dropped.png: ')")
    assert front_page.evaluate("!document.querySelector('#answer').hidden")


def test_what_the_service_refuses_is_shown_in_its_own_words(front_page: Page, client: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "<b>memo<hr>.pdf"
    file.write_bytes(b"%PDF-1.7\n%%EOF\n")
    front_page.choose_file("#file", file)
    front_page.wait_for("document.querySelector('#status').classList.contains('bad')")
    error = detect(client, file.read_bytes()).json()["error"]
    assert f"{file.name}: {error}" in front_page.text
    assert front_page.evaluate("document.querySelector('#answer').hidden")


def test_a_page_that_browsers_cannot_show_still_gets_its_boxes(front_page: Page, tmp_path: Path) -> None:
    file = tmp_path / "scan.tif"
    image = np.full((800, 600), 255, np.uint8)
    image[100:140, 100:400] = 0
    file.write_bytes(image_file(image, "TIFF"))
    front_page.choose_file("#file", file)
    front_page.wait_for("!document.querySelector('#answer').hidden")
    assert "cannot show the image" in front_page.text
    assert front_page.evaluate("document.querySelector('#boxes').getBoundingClientRect().height") > 100


def test_the_browser_itself_refuses_other_hosts(front_page: Page) -> None:
    front_page.evaluate("fetch('https://elsewhere.example/').catch(() => null)")
    front_page.evaluate("document.body.append(Object.assign(new Image(), { src: 'https://elsewhere.example/x.png' }))")
    front_page.settle()
    assert len([text for text in front_page.problems if "Content Security Policy" in text]) >= 2


def test_it_needs_no_browser_to_be_answered(client: httpx.Client) -> None:
    answer = client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.findall(r"https?://(?!127\.0\.0\.1)", answer.text)
    assert client.head("/").status_code == 200
    assert client.post("/").status_code == 405
    hostile = client.get("/", headers={"host": 'x"><script>alert(1)</script>'})
    assert "<script>alert" not in hostile.text


def test_nothing_is_left_of_bentomls_own_page(client: httpx.Client) -> None:
    assert client.get("/static_content/swagger-ui-bundle.js").status_code == 404
    assert "googletagmanager" not in client.get("/").text
