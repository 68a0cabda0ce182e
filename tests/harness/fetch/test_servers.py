"""Fetching weights from a server that drops connections, lies, stalls and sends wrong bytes."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace

import pytest

from harness import fetch, weights
from harness.contracts import BadInput, Unavailable, UnknownName
from tests.harness.fetch.weights_server import PAYLOAD, SHA256, names, quiet


def part_of(folder, content=PAYLOAD[:1000]):
    folder.mkdir()
    (folder / "net.bin.part").write_bytes(content)


def test_fetches_and_verifies(rows, folder):
    path = fetch.fetch_weights("net", quiet)
    assert path.read_bytes() == PAYLOAD
    assert (folder / "net.bin.sha256").read_text() == f"{SHA256}  net.bin\n"
    assert names(folder) == ["net.bin", "net.bin.sha256"]
    subprocess.run(["sha256sum", "-c", "--quiet", "net.bin.sha256"], cwd=folder, check=True)


def test_reports_bytes_as_they_arrive(rows):
    seen = []
    fetch.fetch_weights("net", lambda stage, done, total: seen.append((stage, done, total)))
    assert seen[-1] == ("fetch", len(PAYLOAD), len(PAYLOAD))
    assert all(stage == "fetch" and total == len(PAYLOAD) for stage, _, total in seen)


@pytest.mark.parametrize("weight_id", ["net", "bare"])
@pytest.mark.parametrize(
    ("behaviour", "fact"),
    [("drops", "the connection closed after"), ("broken chunks", "IncompleteRead")],
)
def test_resumes_after_a_dropped_connection(rows, server, folder, weight_id, behaviour, fact):
    server.behaviour = behaviour
    with pytest.raises(BadInput, match=f"{fact}.*continues where it stopped"):
        fetch.fetch_weights(weight_id, quiet)
    have = (folder / "net.bin.part").stat().st_size
    assert 0 < have < len(PAYLOAD)
    assert names(folder) == ["net.bin.part"]
    server.behaviour = "honest"
    assert fetch.fetch_weights(weight_id, quiet).read_bytes() == PAYLOAD
    assert server.ranges[-1] == f"bytes={have}-"
    assert names(folder) == ["net.bin", "net.bin.sha256"]


def test_dropped_again_and_again_it_comes_nearer(rows, server, folder):
    server.behaviour = "drops"
    sizes = []
    for _ in range(4):
        with pytest.raises(BadInput, match="the connection closed"):
            fetch.fetch_weights("net", quiet)
        sizes.append((folder / "net.bin.part").stat().st_size)
    assert sizes == sorted(set(sizes))
    server.behaviour = "honest"
    assert fetch.fetch_weights("net", quiet).read_bytes() == PAYLOAD


@pytest.mark.parametrize("behaviour", ["ignores ranges", "no ranges", "another range", "newer"])
@pytest.mark.parametrize("weight_id", ["net", "bare"])
def test_starts_again_where_the_part_cannot_be_continued(
    rows, server, folder, weight_id, behaviour
):
    part_of(folder, b"of another version" * 50)
    server.behaviour = behaviour
    assert fetch.fetch_weights(weight_id, quiet).read_bytes() == PAYLOAD
    assert server.ranges[0] == "bytes=900-"


def test_a_part_older_than_the_file_of_the_server_is_not_continued(rows, server, folder):
    part_of(folder)
    server.behaviour = "newer"
    fetch.fetch_weights("bare", quiet)
    assert server.ranges == ["bytes=1000-", None]


@pytest.mark.parametrize("changed", [False, True])
def test_a_part_is_continued_only_while_the_servers_file_has_the_same_tag(
    rows, server, folder, changed
):
    """No checksum is known, and the new version is as long as the old one."""
    server.behaviour, server.drop = "tags", True
    with pytest.raises(BadInput, match="closed after"):
        fetch.fetch_weights("bare", quiet)
    assert (folder / "net.bin.part.etag").is_file()
    server.drop = False
    if changed:
        server.payload = PAYLOAD[::-1]
    assert fetch.fetch_weights("bare", quiet).read_bytes() == server.payload
    assert server.ranges[-1] == f"bytes={len(PAYLOAD) // 3}-"
    assert not list(folder.glob("*.etag"))


@pytest.mark.parametrize("url", ["file:///etc/hostname", "/etc/hostname", "ftp://here/net.bin"])
def test_only_web_addresses_are_fetched(rows, monkeypatch, folder, url):
    entry = replace(rows["bare"], url=url)
    monkeypatch.setattr(fetch.weights, "entry_of", lambda weight_id: entry)
    with pytest.raises(BadInput, match="it is not a web address"):
        fetch.fetch_weights("bare", quiet)
    assert not (folder / "net.bin").exists()


def test_a_whole_part_is_put_in_place(rows, server, folder):
    part_of(folder, PAYLOAD)
    assert fetch.fetch_weights("bare", quiet).read_bytes() == PAYLOAD
    assert server.ranges == [f"bytes={len(PAYLOAD)}-"]  # and 416 was the answer


def test_a_whole_part_of_known_length_needs_no_server(rows, server, folder):
    part_of(folder, PAYLOAD)
    assert fetch.fetch_weights("net", quiet).read_bytes() == PAYLOAD
    assert server.ranges == []


@pytest.mark.parametrize("weight_id", ["net", "bare"])
def test_a_part_that_is_too_long_starts_again(rows, server, folder, weight_id):
    part_of(folder, PAYLOAD + b"more")
    assert fetch.fetch_weights(weight_id, quiet).read_bytes() == PAYLOAD


def test_a_wrong_whole_part_is_deleted(rows, folder):
    part_of(folder, bytes(len(PAYLOAD)))
    with pytest.raises(BadInput, match="sha256"):
        fetch.fetch_weights("net", quiet)
    assert names(folder) == []
    assert fetch.fetch_weights("net", quiet).read_bytes() == PAYLOAD


def test_refuses_wrong_bytes_and_deletes_them(rows, server, folder):
    server.behaviour = "wrong bytes"
    with pytest.raises(BadInput, match="sha256"):
        fetch.fetch_weights("net", quiet)
    assert names(folder) == []


def test_a_length_that_is_too_long(rows, server, folder):
    server.behaviour = "claims more"
    with pytest.raises(BadInput, match="announces 513000 bytes, the registry says 512000"):
        fetch.fetch_weights("net", quiet)
    assert names(folder) == []
    with pytest.raises(BadInput, match="closed after 512000 of 513000 bytes"):
        fetch.fetch_weights("bare", quiet)
    server.behaviour = "honest"
    assert fetch.fetch_weights("bare", quiet).read_bytes() == PAYLOAD


@pytest.mark.parametrize("known", ["bytes", "sha256", "sha256_prefix"])
def test_a_length_that_is_too_short_is_seen_by_whatever_is_known(rows, server, folder, known):
    values = {"bytes": len(PAYLOAD), "sha256": SHA256, "sha256_prefix": SHA256[:8]}
    rows["bare"] = replace(rows["bare"], **{known: values[known]})
    server.behaviour = "claims less"
    with pytest.raises(BadInput):
        fetch.fetch_weights("bare", quiet)
    assert "net.bin" not in names(folder)
    server.behaviour = "honest"
    assert fetch.fetch_weights("bare", quiet).read_bytes() == PAYLOAD


def test_without_any_length_the_end_must_be_known(rows, server, folder):
    server.behaviour = "no length"
    with pytest.raises(BadInput, match="sends no Content-Length"):
        fetch.fetch_weights("bare", quiet)
    assert names(folder) == []
    assert fetch.fetch_weights("net", quiet).read_bytes() == PAYLOAD


def test_chunks_tell_their_end(rows, server):
    server.behaviour = "chunked"
    assert fetch.fetch_weights("bare", quiet).read_bytes() == PAYLOAD


@pytest.mark.parametrize(
    ("code", "cure"),
    [(404, "Download it by hand"), (403, "Download it by hand"), (500, "again"), (503, "again")],
)
def test_errors_of_the_server_are_sentences(rows, server, folder, code, cure):
    server.behaviour = code
    with pytest.raises(BadInput, match=f"the server answered {code}.*{cure}"):
        fetch.fetch_weights("net", quiet)
    assert names(folder) == []


def test_an_error_keeps_what_has_arrived(rows, server, folder):
    part_of(folder)
    server.behaviour = 500
    with pytest.raises(BadInput, match="500"):
        fetch.fetch_weights("net", quiet)
    assert (folder / "net.bin.part").read_bytes() == PAYLOAD[:1000]


def test_416_to_a_whole_request_is_an_error(rows, server, folder):
    server.behaviour = 416
    with pytest.raises(BadInput, match="the server answered 416"):
        fetch.fetch_weights("net", quiet)
    part_of_this = folder / "net.bin.part"
    assert not part_of_this.exists()


def test_follows_redirects_and_resumes_through_them(rows, server, folder):
    part_of(folder)
    server.behaviour = "redirects"
    assert fetch.fetch_weights("net", quiet).read_bytes() == PAYLOAD
    assert server.paths == ["/net.bin", "/elsewhere.bin"]
    assert server.ranges == ["bytes=1000-"] * 2


def test_a_circle_of_redirects_ends(rows, server):
    server.behaviour = "redirects for ever"
    with pytest.raises(BadInput, match="the server answered 302"):
        fetch.fetch_weights("net", quiet)


def test_a_stalled_server_is_given_up(rows, server, folder, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT", 0.3)
    server.behaviour = "stalls"
    start = time.monotonic()
    with pytest.raises(BadInput, match=r"sent nothing for 0\.3 s after \d+ bytes"):
        fetch.fetch_weights("net", quiet)
    assert time.monotonic() - start < 5
    have = (folder / "net.bin.part").stat().st_size
    assert have
    server.behaviour = "honest"
    assert fetch.fetch_weights("net", quiet).read_bytes() == PAYLOAD
    assert server.ranges[-1] == f"bytes={have}-"


def test_nobody_listens(rows, folder):
    rows["net"] = replace(rows["net"], url="http://127.0.0.1:9/net.bin")
    with pytest.raises(BadInput, match="Connection refused"):
        fetch.fetch_weights("net", quiet)
    assert names(folder) == []


def test_a_web_page_is_no_network(rows, server, folder):
    server.behaviour = "web page"
    with pytest.raises(BadInput, match="a web page instead of the file"):
        fetch.fetch_weights("bare", quiet)
    assert names(folder) == []


def test_the_first_fetch_records_and_the_second_compares(rows, server, folder):
    path = fetch.fetch_weights("bare", quiet)
    assert weights.find("bare").trust == "recorded"
    path.unlink()
    server.payload = PAYLOAD[::-1]
    with pytest.raises(BadInput, match=r"was recorded when it was first fetched.*net.bin.sha256"):
        fetch.fetch_weights("bare", quiet)
    assert names(folder) == ["net.bin.sha256"]
    (folder / "net.bin.sha256").unlink()
    assert fetch.fetch_weights("bare", quiet).read_bytes() == PAYLOAD[::-1]


def test_a_prefix_is_verified(rows, server, folder):
    rows["bare"] = replace(rows["bare"], sha256_prefix=SHA256[:8])
    server.behaviour = "wrong bytes"
    with pytest.raises(BadInput, match=f"does not begin with {SHA256[:8]}"):
        fetch.fetch_weights("bare", quiet)
    assert names(folder) == []
    server.behaviour = "honest"
    fetch.fetch_weights("bare", quiet)
    assert weights.find("bare").trust == "prefix"


@pytest.mark.parametrize("weight_id", ["net", "bare"])
def test_a_wrong_file_in_the_cache_is_replaced_by_a_good_one(rows, server, folder, weight_id):
    path = fetch.fetch_weights(weight_id, quiet)
    path.write_bytes(PAYLOAD[:-1] + b"x")
    server.behaviour = 500
    with pytest.raises(BadInput):
        fetch.fetch_weights(weight_id, quiet)
    assert path.exists()  # and stays until a good one is here
    server.behaviour = "honest"
    assert fetch.fetch_weights(weight_id, quiet).read_bytes() == PAYLOAD


def test_a_good_file_is_not_fetched_again(rows, server):
    fetch.fetch_weights("net", quiet)
    fetch.fetch_weights("net", quiet)
    assert len(server.ranges) == 1


def test_a_file_put_by_hand_is_used(rows, server, monkeypatch, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "net.bin").write_bytes(PAYLOAD)
    monkeypatch.setenv("HARNESS_WEIGHTS", str(tmp_path / "mine"))
    for weight_id in ("net", "bare", "by-hand"):
        assert fetch.fetch_weights(weight_id, quiet) == tmp_path / "mine" / "net.bin"
    assert server.ranges == []
    (tmp_path / "mine" / "net.bin").write_bytes(PAYLOAD[1:] + b"x")
    with pytest.raises(BadInput, match="it is found before"):
        fetch.fetch_weights("net", quiet)


def test_a_disk_without_room_is_told_before(rows, monkeypatch, folder):
    monkeypatch.setattr(fetch, "disk_usage", lambda path: Full)
    fact = r"0\.5 MB are missing, but only 0\.0 MB are free"
    with pytest.raises(BadInput, match=f"{fact}.*HARNESS_CACHE"):
        fetch.fetch_weights("net", quiet)
    assert names(folder) == []


class Full:
    free = 1000


def test_a_disk_that_fills_is_told(rows, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch, "receive", full)
    with pytest.raises(BadInput, match=r"No space left on device.*HARNESS_CACHE"):
        fetch.fetch_weights("net", quiet)


def test_a_file_in_the_way_of_the_cache(rows, folder):
    folder.write_text("no folder")
    with pytest.raises(BadInput, match=r"cannot be written to.*HARNESS_CACHE"):
        fetch.fetch_weights("net", quiet)


def test_an_unencrypted_detour_needs_a_known_sha256(rows):
    class Answer:
        url = "http://elsewhere/net.bin"

    entry = replace(rows["bare"], url="https://here/net.bin")
    with pytest.raises(BadInput, match="which is not encrypted"):
        fetch.receive(entry, Answer, None, 0, quiet)


def test_names_and_sources(rows):
    with pytest.raises(UnknownName, match="Did you mean 'net'"):
        fetch.fetch_weights("nett", quiet)
    with pytest.raises(Unavailable, match="Ask them"):
        fetch.fetch_weights("by-hand", quiet)
