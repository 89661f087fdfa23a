"""Notice to leave: a spot instance's metadata says so, and the worker gives back what no model has seen."""

import time
from collections.abc import Iterator

import pytest

from headway_rehearsal.localhost import Answering, local_server
from headway_runtime.notice import Notice, watch_for_spot
from tests.runtime.stand import eventually


class Instance:
    """A metadata service: asks for a session token, and tells a spot notice once there is one."""

    def __init__(self) -> None:
        self.action: dict[str, str] | None = None
        self.refused = 0
        instance = self

        class Handler(Answering):
            def do_PUT(self) -> None:
                lasts = self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
                self.reply(200 if self.path == "/latest/api/token" and lasts else 400, b"token")

            def do_GET(self) -> None:
                if self.headers["X-aws-ec2-metadata-token"] != "token":
                    instance.refused += 1
                    self.reply(401, b"")
                elif self.path != "/latest/meta-data/spot/instance-action" or instance.action is None:
                    self.reply(404, b"")
                else:
                    self.reply(200, instance.action)

        self.handler, self.url = Handler, ""


@pytest.fixture
def instance() -> Iterator[Instance]:
    made = Instance()
    with local_server(made.handler) as made.url:
        yield made


def test_a_spot_notice_is_given_with_the_time_that_is_left(instance: Instance) -> None:
    notice = Notice()
    watch_for_spot(notice, instance.url, every_s=0.05)
    time.sleep(0.3)
    assert not notice.given
    instance.action = {"action": "terminate", "time": "2999-01-01T00:00:00Z"}
    eventually(lambda: notice.given)
    assert 100 < notice.left_s <= 120
    assert "spot" in notice.reason
    assert instance.refused == 0


def test_where_there_is_no_metadata_service_nothing_is_announced() -> None:
    notice = Notice()
    watch_for_spot(notice, "http://127.0.0.1:1", every_s=0.02)
    time.sleep(0.2)
    assert not notice.given


def test_of_several_notices_the_shortest_counts_and_the_first_reason() -> None:
    notice = Notice()
    notice.give("SIGTERM", 120)
    notice.give("the spot instance is taken back", 30)
    assert notice.left_s <= 30
    assert notice.reason == "SIGTERM"
