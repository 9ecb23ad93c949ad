from harness.dora.seldom import Seldom


def test_it_is_told_the_first_time_and_at_each_tenfold():
    seldom = Seldom()
    assert [number for number in range(1, 20_000) if seldom.is_due()] == [1, 10, 100, 1000, 10_000]
    assert seldom.count == 19_999
