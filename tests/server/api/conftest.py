"""Three callers of the API: Plaza, another host, and a stranger."""

import pytest

from server.api.client import Api
from server.host_double import HostDouble
from staydown_server.accounts.hosts import add_host
from staydown_server.accounts.models import Host


@pytest.fixture
def api(host: Host, plaza: HostDouble) -> Api:
    return Api(plaza.api_key)


@pytest.fixture
def other_api(host: Host) -> Api:
    """Another host, which has nothing to do with Alice's case."""
    credentials = add_host(
        "other", origins=["https://other.example"], webhook_url="https://other.example/hook"
    )
    return Api(credentials.api_key)


@pytest.fixture
def stranger(host: Host) -> Api:
    return Api("")
