"""The player in a real browser: one clock for all videos, whatever a reader does."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.page_drift import CLOCK, FPS, sample, watch
from reports.page.player.traces import packed

pytestmark = pytest.mark.browser

LAST = 20 * FPS - 1
SHORT = 4 * FPS - 1  # of the last video


def frame(page):
    return page.evaluate(f"{CLOCK}.frame")


def settle(page, number):
    """Wait until every video shows a frame, the short one its last at most."""
    page.wait_for_function(f"{CLOCK}.frame === {number}")
    expected = [number] * 4 + [min(number, SHORT)]
    for _ in range(50):
        shown = sample(page)[1]
        if shown == expected:
            return
        page.wait_for_timeout(100)
    assert shown == expected


def press(page, *keys):
    page.locator(".stage").focus()
    for key in keys:
        page.keyboard.press(key)


def test_videos_stay_within_a_frame_and_a_short_one_keeps_its_last(player):
    player.locator(".play").click()
    found = watch(player, 6, running=4)
    # Medians: a busy machine halts a decoder for a moment, which no page can prevent.
    assert found.typical < 0.5
    assert found.shown <= 1
    assert sample(player)[1][-1] == SHORT
    assert frame(player) > 4 * FPS


def test_a_video_that_is_far_away_is_brought_back(player):
    player.locator(".play").click()
    player.wait_for_timeout(800)
    player.evaluate(f"{CLOCK}.videos[1].currentTime += 3")
    player.evaluate(f"{CLOCK}.videos[2].pause()")
    player.wait_for_timeout(1500)
    assert watch(player, 3, running=4).typical < 0.5


def test_pause_keeps_the_position_and_shows_one_frame(player):
    player.evaluate(f"{CLOCK}.seek(50)")
    player.locator(".play").click()
    player.wait_for_function(f"{CLOCK}.frame > 60")
    player.locator(".play").click()
    paused = frame(player)
    assert paused > 60
    settle(player, paused)
    player.locator(".play").click()
    player.wait_for_function(f"{CLOCK}.frame > {paused + 5}")
    assert frame(player) < paused + 100


def test_the_end_is_everyones_end(player):
    player.evaluate(f"{CLOCK}.seek({LAST - 15})")
    player.locator(".play").click()
    player.wait_for_function(f"{CLOCK}.frame < 100 && {CLOCK}.frame > 20", timeout=20_000)
    assert player.evaluate(f"{CLOCK}.playing")
    assert watch(player, 2.5).typical < 0.5


def test_half_speed_is_half_of_real_time(player):
    player.locator(".rate").select_option("0.5")
    player.locator(".play").click()
    player.wait_for_function(f"{CLOCK}.frame > 5")
    ratio = player.evaluate(
        f"""async () => {{
          const clock = {CLOCK}, from = [clock.time, performance.now()];
          await new Promise((resolve) => setTimeout(resolve, 3000));
          return (clock.time - from[0]) / (performance.now() - from[1]) * 1000;
        }}"""
    )
    assert ratio == pytest.approx(0.5, abs=0.12)


def test_keys(player):
    press(player, "ArrowRight", "ArrowRight", "ArrowRight")
    settle(player, 3)
    press(player, "ArrowLeft")
    settle(player, 2)
    press(player, "[")
    assert player.locator(".rate").input_value() == "0.5"
    press(player, "]", "]")
    assert player.locator(".rate").input_value() == "2"
    press(player, " ")
    assert player.evaluate(f"{CLOCK}.playing")
    player.locator(".play").focus()
    player.keyboard.press(" ")  # the button's own key: once, not twice
    assert not player.evaluate(f"{CLOCK}.playing")
    press(player, "f")
    player.wait_for_function("document.fullscreenElement?.matches('.player')")


def test_scrubber_and_plot_move_each_other(player):
    scrub, plot = player.locator(".scrub"), player.locator(".u-over")
    scrub.fill("120")
    settle(player, 120)
    assert "frame 120" in player.locator(".time").inner_text()
    head = player.locator(".playhead").bounding_box()["x"]
    box = plot.bounding_box()
    assert head - box["x"] == pytest.approx(box["width"] * 120 / LAST, abs=2)
    plot.click(position={"x": box["width"] * 0.5, "y": 20})
    there = frame(player)
    assert there == pytest.approx(LAST / 2, abs=2)
    settle(player, there)
    assert scrub.input_value() == str(there)
    player.mouse.move(0, 0)
    legend = player.locator(".u-legend").inner_text()
    assert f"{30 + np.sin(there / 9):.2f}" in legend


def test_packed_values_are_read_as_they_were_written(player):
    values = np.random.default_rng(1).normal(5, 2, 300)
    values[[3, 50]] = np.nan
    found = player.evaluate("(line) => Traces.unpacked(line, 304)", packed(values, 304))
    assert [found[i] for i in (0, 1, 5, 52, 302, 303)] == [None] * 6
    read = np.array([np.nan if v is None else v for v in found[2:302]])
    assert np.nanmax(abs(read - values)) < 1e-4


def test_a_name_in_the_legend_hides_and_shows_its_line(player):
    line = player.locator(".u-legend .u-series th").nth(1)
    assert player.locator(".u-legend .u-off").count() == 0
    line.click()
    assert player.locator(".u-legend .u-off").count() == 1
    line.focus()
    player.keyboard.press("Enter")
    assert player.locator(".u-legend .u-off").count() == 0


def test_wipe_shows_a_left_and_b_right(player):
    player.locator(".view").select_option("wipe")
    player.locator(".a").select_option(index=0)
    player.locator(".b").select_option(index=4)
    visible = player.evaluate(
        """() => [...document.querySelectorAll(".stage figure")]
           .filter((one) => one.offsetParent).map((one) => one.className)"""
    )
    assert visible == ["under", "over"]

    def on_top(part):
        return player.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).closest('figure').className",
            [box["x"] + part * 640, box["y"] + 300],
        )

    player.locator(".stage").scroll_into_view_if_needed()
    box = player.locator(".stage").bounding_box()
    player.locator(".split").fill("30")
    assert (on_top(0.2), on_top(0.4)) == ("under", "over")
    player.locator(".split").fill("60")
    assert (on_top(0.4), on_top(0.7)) == ("under", "over")


def test_the_difference_of_equal_videos_is_black(player):
    from io import BytesIO

    from PIL import Image

    player.locator(".scrub").fill("77")
    settle(player, 77)
    player.locator(".view").select_option("difference")
    player.locator(".gain").select_option("16")

    def brightest(b):
        player.locator(".a").select_option(index=0)
        player.locator(".b").select_option(index=b)
        player.wait_for_timeout(200)
        picture = Image.open(BytesIO(player.locator(".stage figure.under").screenshot()))
        return np.asarray(picture.convert("L"))[20:-20, 20:-20].max()

    assert brightest(1) == 0
    player.locator(".scrub").fill("170")  # the short video stands at its last frame
    settle(player, 170)
    assert brightest(4) > 200


def test_one_zoom_for_all_videos(player):
    def scales():
        return player.evaluate(
            """() => [...document.querySelectorAll(".stage video")].map((video) => {
                 const style = getComputedStyle(video);
                 const [x, y] = style.transformOrigin.split(" ").map(parseFloat);
                 const { clientWidth, clientHeight } = video;
                 return [new DOMMatrix(style.transform).a, x / clientWidth, y / clientHeight];
               })"""
        )

    player.locator(".mouth").click()
    assert scales() == [pytest.approx([3, 0.5, 0.66], abs=0.01)] * 5
    press(player, "Shift+ArrowRight")
    assert scales() == [pytest.approx([3, 0.55, 0.66], abs=0.01)] * 5
    frame_ = player.locator(".frame").first
    frame_.drag_to(frame_, source_position={"x": 100, "y": 90}, target_position={"x": 60, "y": 90})
    (_, x, _), *others = scales()
    assert x > 0.6
    assert [one[1] for one in others] == [pytest.approx(x, abs=0.01)] * 4
    assert not player.evaluate(f"{CLOCK}.playing")  # a drag is no click
    player.locator(".mouth").click()
    assert scales()[0][0] == 1


def test_one_sound_at_a_time(player):
    def audible():
        return player.evaluate(f"{CLOCK}.videos.map((video) => !video.muted)")

    player.locator(".play").click()
    player.wait_for_function(f"{CLOCK}.frame > 3")
    assert audible() == [True] + [False] * 4
    player.locator(".sound").select_option(index=2)
    assert audible() == [False, False, True, False, False]
    assert watch(player, 2.5, running=4).typical < 0.5
    player.locator(".sound").select_option("none")
    assert not any(audible())
