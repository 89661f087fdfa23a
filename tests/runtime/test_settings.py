"""Settings on their way through a function's environment."""

from headway_runtime.settings import PACKED, Departures, DispatcherSettings, Pool


def test_a_long_calendar_travels_packed_and_fits_a_functions_environment() -> None:
    rules = tuple(
        Departures((day,), 60 * hour, 60 * hour + 50, 10, "g5-xlarge-b8", 60, 4, 1300.5 + hour, 1800)
        for day in range(7)
        for hour in range(0, 24, 3)
    )
    queue = "arn:aws:batch:us-east-1:123456789012:job-queue/" + "q" * 60
    settings = DispatcherSettings(
        "fleet", "America/New_York", "https://sqs", rules, {"g5-xlarge-b8": Pool(queue, queue, "j" * 60)}
    )
    text = settings.to_json()
    assert text.startswith(PACKED)
    assert len(text) < 3500
    assert DispatcherSettings.from_json(text) == settings
