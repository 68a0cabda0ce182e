from splits.prepare.spans import counted, spans, when


def test_runs_of_frames():
    assert spans([]) == []
    assert spans([4]) == [(4, 4)]
    assert spans([0, 1, 2, 5, 7, 8]) == [(0, 2), (5, 5), (7, 8)]


def test_frames_in_words():
    assert when(10, 25) == "frame 10 (0.40 s)"
    assert counted([3], 500, 25) == "1 of 500 frames (0.2%): 3, first at 0.12 s"
    many = [0, 1, 5, 9, 10, 20]
    assert counted(many, 60, 30) == "6 of 60 frames (10%): 0-1, 5, 9-10, ..., first at 0.00 s"
