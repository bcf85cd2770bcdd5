import errno
import time

import optuna
import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import IntegrityError, OperationalError

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, MissingPackageError, StudyError
from latent_spaces_by_example.study import storages
from latent_spaces_by_example.study.storages import is_passing, open_storage, patiently
from toys import Stretch, height

EXAMPLES = ["6", "17", "18"]


def _error(message, kind=OperationalError):
    return kind("SELECT 1", {}, Exception(message))


class Fails:
    def __init__(self, times, error):
        self.left, self.error, self.calls = times, error, 0

    def __call__(self):
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return "done"


class TestPatiently:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch):
        monkeypatch.setattr(storages, "_FIRST_PAUSE", 0.001)

    def test_a_storage_that_comes_back(self):
        call = Fails(3, _error("server closed the connection unexpectedly"))
        with pytest.warns(RuntimeWarning, match="does not answer") as warned:
            assert patiently(call, shown="postgresql://...") == "done"
        assert call.calls == 4
        assert len(warned) == 1

    @pytest.mark.filterwarnings("ignore:the storage")
    def test_one_that_does_not(self):
        call = Fails(100, _error("connection refused"))
        start = time.monotonic()
        with pytest.raises(StudyError, match=r"a://... has not answered.*connection refused"):
            patiently(call, shown="a://...", patience=0.1)
        assert time.monotonic() - start < 5
        assert call.calls > 3

    def test_what_waiting_does_not_mend_is_raised_at_once(self):
        call = Fails(1, _error("attempt to write a readonly database"))
        with pytest.raises(OperationalError):
            patiently(call, shown="a")
        assert call.calls == 1

    @pytest.mark.parametrize(
        ("error", "passing"),
        [
            (_error("database or disk is full"), True),
            (_error("database is locked"), True),
            (_error("the database system is starting up"), True),
            (_error('password authentication failed for user "me"'), False),
            (_error('database "studies" does not exist'), False),
            (_error("UNIQUE constraint failed", IntegrityError), False),
            (OSError(errno.ENOSPC, "no space left on device"), True),
            (PermissionError("no"), False),
            (ConnectionResetError("peer"), True),
            (KeyError("study"), False),
        ],
    )
    def test_what_may_pass(self, error, passing):
        assert is_passing(error) == passing
        wrapped = StorageInternalError("commit")
        wrapped.__cause__ = error
        assert is_passing(wrapped) == passing


class TestPasswords:
    def test_a_url_that_nobody_can_read(self):
        url = "postgresql://me:s3cret@host:notaport/db"
        with pytest.raises(StudyError, match=r"postgresql://\.\.\. cannot be opened") as raised:
            open_storage(url)
        assert "s3cret" not in str(raised.value)
        assert raised.value.__cause__ is None

    def test_what_is_given_is_named_when_its_driver_is_missing(self, monkeypatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(MissingPackageError, match=r"example\[postgres\]"):
            open_storage("postgresql://me@host/db")
        with pytest.raises(MissingPackageError, match=r"example\[grpc\]"):
            open_storage("grpc://host:13000")

    @pytest.mark.parametrize("url", ["grpc://host", "grpc:host:1", "journal:", "journal://"])
    def test_half_an_address(self, url):
        pytest.importorskip("grpc")
        with pytest.raises(ArgumentError, match="storage is"):
            open_storage(url)


def test_a_journal_is_a_storage_too(tmp_path):
    place = f"journal:{tmp_path}/studies.log"
    options = {"search": "random", "examples": EXAMPLES}
    whole = lsbe.optimise(Stretch(), height, budget=8, **options)
    lsbe.optimise(Stretch(), height, budget=5, storage=place, name="a", **options)
    study = lsbe.open_study(storage=place, generator=Stretch()).run(height, budget=8)
    assert (study.weights == whole.weights).all()


def test_a_grpc_proxy_is_a_storage_too(tmp_path):
    pytest.importorskip("grpc")
    from optuna.storages._grpc.server import make_server

    backend = optuna.storages.get_storage(f"sqlite:///{tmp_path}/a.db")
    server = make_server(backend, "127.0.0.1", 0)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        options = {"search": "random", "examples": EXAMPLES, "budget": 6}
        place = f"grpc://127.0.0.1:{port}"
        made = lsbe.optimise(Stretch(), height, storage=place, name="a", **options)
        assert len(made.finished_trials) == 6
        opened = lsbe.open_study(storage=place, name="a", generator=Stretch())
        assert len(opened.run(height, budget=8).finished_trials) == 8
    finally:
        server.stop(None)


def test_a_commit_to_sqlite_survives_a_power_cut(tmp_path):
    storage = open_storage(f"sqlite:///{tmp_path}/a.db")
    with storage._backend.engine.connect() as connection:
        # 3 is EXTRA: the removal of the journal is on the disk too before a commit returns
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
