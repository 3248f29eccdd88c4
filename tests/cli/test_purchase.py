"""The purchase that the demo prints and the README shows."""

from pathlib import Path

from mestore.cli.purchase import ADDRESS, purchase

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_shows_the_purchase_that_the_demo_prints() -> None:
    assert f"```sh\n{purchase(ADDRESS, with_curl=True)}\n```" in README.read_text(encoding="utf-8")


def test_the_purchase_goes_to_the_address_of_the_server() -> None:
    lines = purchase("http://127.0.0.1:9999", with_curl=False)
    assert "API=http://127.0.0.1:9999/api/v1" in lines
    assert lines.startswith("curl() {")
