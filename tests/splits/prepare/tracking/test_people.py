import pytest

from harness.contracts import BadInput
from splits.prepare.tracking.crop import Crop
from splits.prepare.tracking.people import choose, follow
from tests.splits.prepare.tracking.faces import face, talking

COUNT, SIZE = 60, (200, 600)
#: The left third of the frame.
BOX = Crop(0, 0, 200, 200, 200, 200)


def people_of(see, count=COUNT):
    people = []
    for t in range(count):
        follow(people, see(t), t)
    return people


def chosen(see, count=COUNT):
    return choose("v.mp4", people_of(see, count), count, 25.0, SIZE)


def test_faces_are_followed_whatever_their_order():
    def see(t):
        pair = [talking(t), talking(t, x=400)]
        return pair[:: 1 if t % 2 else -1]

    a, b = people_of(see)
    assert [len(one.frames) for one in (a, b)] == [COUNT, COUNT]
    assert {round(face.landmarks[10, 0]) for face in a.faces} in ({100}, {400})


def test_two_people_are_refused_with_their_places_and_a_command():
    with pytest.raises(BadInput) as refused:
        chosen(lambda t: [talking(t), talking(t, x=400)])
    text = str(refused.value)
    assert "several faces in 60 of 60 frames (100%): 0-59" in text
    assert "left (x 100, y" in text
    assert "right (x 400, y" in text
    assert "crop=" in text


def test_a_second_person_for_a_part_of_the_time_is_refused():
    with pytest.raises(BadInput, match=r"several faces in 20 of 60 frames \(33%\): 30-49"):
        chosen(lambda t: [talking(t), *([talking(t, x=400)] if 30 <= t < 50 else [])])


def test_a_picture_beside_the_subject_is_no_second_speaker():
    subject, others = chosen(lambda t: [face(x=400, size=90), talking(t)])
    assert subject.faces[0].landmarks[10, 0] == 100
    (note,) = others.check("v.mp4", BOX, COUNT, 25.0)
    assert "never moves, as in a picture" in note
    assert "outside the crop" in note
    whole = Crop(0, 0, 200, 600, 200, 600)
    with pytest.raises(BadInput, match=r"never moves, as in a picture.*Cover it"):
        others.check("v.mp4", whole, COUNT, 25.0)


def test_a_slip_of_the_detector_is_said():
    see = lambda t: [talking(t), *([face(x=120, y=150, size=50)] if t == 9 else [])]  # noqa: E731
    _, others = chosen(see)
    (note,) = others.check("v.mp4", BOX, COUNT, 25.0)
    assert "1 of 60 frames" in note


def test_small_faces_behind_are_left_out_or_refused():
    see = lambda t: [talking(t), talking(t, x=400, size=20)]  # noqa: E731
    _, others = chosen(see)
    assert "smaller" in others.check("v.mp4", BOX, COUNT, 25.0)[0]


def test_who_is_not_there_throughout_is_refused():
    with pytest.raises(BadInput, match="no face in any of its 60 frames"):
        chosen(lambda t: [])
    with pytest.raises(BadInput, match=r"no face in 5 of 60 frames \(8\.3%\): 30-34"):
        chosen(lambda t: [talking(t)] if not 30 <= t < 35 else [])
    with pytest.raises(BadInput, match=r"jumps at frame 40 \(1\.60 s\).*--end 1\.60"):
        chosen(lambda t: [talking(t, x=100 if t < 40 else 400)])
    with pytest.raises(BadInput, match=r"jumps at frame 20 \(0\.80 s\).*--start 0\.80"):
        chosen(lambda t: [talking(t, x=100 if t < 20 else 400)])


def test_a_picture_alone_is_nobody():
    with pytest.raises(BadInput, match=r"never moves: in 60 frames"):
        chosen(lambda t: [face()])


def test_who_is_lost_from_the_side_is_told_so():
    see = lambda t: [] if t in (7, 8) else [talking(t, yaw=55.0)]  # noqa: E731
    with pytest.raises(BadInput, match=r"turned away .*58 of 60 frames \(97%\): 0-6, 9-59"):
        chosen(see)
