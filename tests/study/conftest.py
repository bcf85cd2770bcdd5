import pytest

import postgres


@pytest.fixture(scope="session")
def server(tmp_path_factory, worker_id="master"):
    if postgres.binaries() is None:
        pytest.skip("needs PostgreSQL's initdb and postgres, which are not installed")
    pytest.importorskip("psycopg")
    with postgres.running_postgres() as running:
        yield running
