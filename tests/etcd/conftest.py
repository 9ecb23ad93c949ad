import pytest


@pytest.fixture
def client(etcd):
    with etcd.client() as client:
        yield client


@pytest.fixture
def root(etcd):
    return f"/{etcd.name}/"
