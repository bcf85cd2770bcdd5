import pytest

import postgres


@pytest.fixture(scope="session")
def server():
    if postgres.binaries() is None:
        pytest.skip("needs PostgreSQL's initdb and postgres, which are not installed")
    pytest.importorskip("psycopg")
    with postgres.running_postgres() as running:
        yield running
