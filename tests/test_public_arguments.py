"""Whatever a public function is given, it works or says in our words which argument is wrong.

One table: every public callable with small arguments that it takes. Each argument in turn is
replaced by each odd value; any exception but one of ours that names the argument fails.
"""

import math
import re
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np
import pytest
from jaxtyping import config
from optuna.samplers import RandomSampler

import latent_spaces_by_example as lsbe
from latent_spaces_by_example import (
    arrays,
    charts,
    generators,
    objectives,
    report,
    search,
    space,
    study,
    testing,
    transport_maps,
    validity,
)
from latent_spaces_by_example.arguments import real_array
from latent_spaces_by_example.errors import ArgumentError, LatentSpacesError
from latent_spaces_by_example.generators.base import checked_latents
from latent_spaces_by_example.zoo import airfoil
from toys import Stretch, height

ROOMS = [
    lsbe, arrays, charts, generators, objectives, report, search, space, study, testing,
    transport_maps, validity, airfoil, lsbe.repairs,
]  # fmt: skip

ODD = {
    "None": None,
    "empty text": "",
    "null byte": "\0",
    "bytes": b"\xff",
    "negative": -1,
    "fraction": 0.5,
    "nan": math.nan,
    "infinity": math.inf,
    "complex": 1j,
    "true": True,
    "huge": 10**400,
    "object": object(),
    "a class": int,
    "empty list": [],
    "mapping": {"a": 1},
    "mixed list": [1.0, "a", None],
    "no rows": np.empty((0, 3)),
    "four axes": np.zeros((2, 2, 2, 2)),
    "nan array": np.full((3, 4, 8), np.nan),
    "complex array": np.full((3, 4, 8), 1j),
    "texts": np.array(["a"]),
}


class Model(Stretch):
    """A generator that refuses, as it should, what are no latents and no examples of its own."""

    def generate(self, z):
        return super().generate(checked_latents(z, latent_shape=self.latent_shape))

    def invert(self, outputs):
        return real_array(outputs, name="examples", shape=(len(outputs), *self.latent_shape)) / 2.0

    def example(self, name):
        if not name.isdecimal():
            raise ArgumentError(f"there is no example {name!r}")
        return super().example(name)


RNG = np.random.default_rng(0)
Z = RNG.standard_normal((3, 4, 8))
SECTION = airfoil.resample(airfoil.naca_section("2412"))
U, W = np.full((2, 2), 0.5), np.full((2, 3), 3**-0.5)


# What a message calls an argument that people know under another name.
ALSO_CALLED = {
    "name_or_path": "airfoil section",
    "spec": "(the|no) (generator|objective|search)",
    "returned": "the objective",
    "n": "outputs",
    "out": "run folder",
    "folder": "run folder|out=",
    "path": "cannot (read|write)|no file",
    "generator": "the generator",
    "latents": "z ",
    "latent_shape": "latents (of|have) shape|for latents of shape|inner has shape",
}


@dataclass(frozen=True)
class Case:
    """A callable, and arguments that it takes."""

    name: str
    call: Any
    valid: dict[str, Any]


def case(call, about="", /, **valid):
    return Case(f"{about}{call.__qualname__}", call, valid)


def of_seed_latents():
    chart = lsbe.knothe_rosenblatt_surrogate_chart(Z)
    mapped = {"transport_map": transport_maps.IdentityTransportMap()}
    for make in (lsbe.knothe_rosenblatt_surrogate_chart, lsbe.angular_surrogate_chart):
        yield case(make, seed_latents=Z, combination="linear", **mapped)
    yield case(
        lsbe.SurrogateChart,
        seed_latents=Z,
        weight_chart=charts.AngularChart(),
        combination="shell",
        **mapped,
    )
    yield case(chart.from_u_to_w, u=U)
    yield case(chart.from_w_to_u, w=W)
    yield case(chart.from_u_to_z, u=U)
    yield case(chart.from_w_to_z, w=W)
    yield case(chart.from_z_to_u, z=chart.from_u_to_z(U))
    yield case(chart.from_z_to_w, z=Z)
    yield case(chart.project, z=Z)
    for chart_of_weights in (charts.KnotheRosenblattChart(), charts.AngularChart()):
        about = f"{type(chart_of_weights).__name__}: "
        yield case(chart_of_weights.forward, about, u=U)
        yield case(chart_of_weights.inverse, about, w=W)


def of_spaces():
    yield case(space.angles_between, correlation=np.eye(3))
    distances = np.ones((3, 3)) - np.eye(3)
    yield case(
        space.choose, scores=[1.0, 2.0, 3.0], num=2, distances=distances, rule="mix", among=0.5
    )
    yield case(space.distances_between, outputs=list(Z))
    yield case(space.invert_examples, generator=Model(), examples=["1", "2"], repair=None)
    yield case(space.latent_from_random_seed, generator=Model(), random_seed=3)
    yield case(space.latents_from_random_seeds, generator=Model(), random_seeds=[3, 4])
    yield case(space.random_seed_of_draw, random_seed=3, index=1)
    yield case(
        space.spanned_by,
        generator=Model(),
        examples=["1", "2"],
        num_prior_seeds=1,
        random_seed=0,
        repair=None,
    )
    yield case(space.transport_map_of, generator=Model())
    for repair in (lsbe.repairs.rescale, lsbe.repairs.whiten, lsbe.repairs.gaussianise):
        yield case(
            repair,
            latents=Z,
            transport_map=transport_maps.IdentityTransportMap(),
            generator=Model(),
        )


def of_transport_maps():
    uniform = {"cdf": lambda x: x, "ppf": lambda p: p, "support": (0.0, 1.0)}
    law = transport_maps.ElementLaw(**uniform)
    identity = transport_maps.IdentityTransportMap()
    yield case(transport_maps.ElementLaw, sf=lambda x: 1 - x, isf=lambda p: 1 - p, **uniform)
    yield case(transport_maps.ElementwiseTransportMap, law=law, axis=None)
    yield case(transport_maps.GaussianTransportMap, mean=0.5, scale=2.0)
    yield case(transport_maps.GaussianTransportMap, "variance: ", mean=0.5, variance=2.0)
    yield case(transport_maps.GaussianTransportMap, "covariance: ", covariance=np.eye(2))
    yield case(transport_maps.NamedProductTransportMap, maps={"a": identity})
    yield case(transport_maps.ProductTransportMap, pieces=[(identity, 2), (identity, 2)])
    yield case(
        transport_maps.RotationTransportMap,
        sigma=0.5,
        representation="quaternion",
        mean=None,
        scalar_last=False,
    )
    yield case(transport_maps.SphereTransportMap, radius=1.0, per_vector=False)
    yield case(transport_maps.UniformTransportMap, low=0.0, high=1.0, resolution=1e-9)
    for made, z in (
        (identity, Z),
        (transport_maps.GaussianTransportMap(scale=2.0), Z),
        (transport_maps.UniformTransportMap(), RNG.random((3, 4, 8))),
        (transport_maps.ElementwiseTransportMap(law), RNG.random((3, 4, 8))),
        (transport_maps.SphereTransportMap(), Z / np.linalg.norm(Z, axis=(1, 2), keepdims=True)),
    ):
        about = f"{type(made).__name__}: "
        yield case(made.forward, about, z=z)
        yield case(made.inverse, about, inner=made.forward(z), latent_shape=(4, 8))
        yield case(made.num_inner_dims, about, latent_shape=(4, 8))


def of_validity():
    yield case(
        lsbe.diagnose,
        latents=Z,
        transport_map=transport_maps.IdentityTransportMap(),
        generator=Model(),
        names=["a", "b", "c"],
        level=0.01,
    )
    yield case(
        lsbe.describe,
        chart=lsbe.knothe_rosenblatt_surrogate_chart(Z),
        generator=Model(),
        num_points=10,
        random_seed=0,
        examples=list(2.0 * Z),
        names=["a", "b", "c"],
        output_features=lambda outputs: np.arange(2.0 * len(outputs)).reshape(-1, 2),
        output_valid=lambda outputs: [True] * len(outputs),
        batch_size=10,
    )
    for check in (validity.check_determinism, validity.require_determinism):
        yield case(check, generator=Model(), latents=Z, batch_tolerance=0.1)


def of_airfoils(folder):
    file = folder / "wing.dat"
    airfoil.write_dat(file, SECTION, name="wing")
    yield case(airfoil.cosine_grid, points_per_side=9)
    yield case(airfoil.find_section, name_or_path="naca2412")
    yield case(airfoil.measure, sections=SECTION)
    yield case(airfoil.naca_code, name="naca2412")
    yield case(airfoil.naca_section, code="2412")
    yield case(airfoil.normalise, coordinates=SECTION)
    yield case(airfoil.read_dat, path=file)
    yield case(airfoil.resample, coordinates=SECTION, points_per_side=9, reorder=True)
    yield case(airfoil.thickness_and_camber, sections=SECTION)
    yield case(airfoil.to_selig_order, coordinates=SECTION)
    yield case(airfoil.write_dat, path=folder / "again.dat", coordinates=SECTION, name="wing")


def of_names():
    yield case(generators.load, "generators: ", name="microstructure:size=8")
    yield case(objectives.load, "objectives: ", spec="effective-conductivity")
    yield case(objectives.read_scores, returned=[1.0, {"score": 2.0, "mass": 3.0}], n=2)
    yield case(search.load, "search: ", search="tpe")
    yield case(search.load_stored, search="tpe")
    yield case(arrays.library_named, name="numpy")
    yield case(arrays.library_of, value=Z)
    yield case(arrays.host_array, value=Z)
    yield case(search.OptunaSearch, sampler=RandomSampler(seed=0), weight_chart=None)


def of_studies(folder):
    made = lsbe.optimise(Model(), height, budget=4, examples=["1", "2"], out=folder / "run")
    archive = folder / "run.zip"
    lsbe.export_study(folder / "run", archive)
    settings = {
        "generator": Model(),
        "examples": ["1", "2"],
        "search": "sobol",
        "direction": "maximise",
        "random_seed": 0,
        "batch_size": 1,
        "within_span": True,
        "repair": None,
        "out": None,
    }
    yield case(lsbe.create_study, **settings)
    yield case(lsbe.create_study, "seeds: ", generator=Model(), seed_latents=Z, num_seeds=None)
    yield case(
        lsbe.optimise,
        generator=Model(),
        objective=height,
        budget=1,
        executor=None,
        num_pending=None,
        callbacks=(),
        progress=False,
        max_seconds=60.0,
        max_consecutive_failures=10,
    )
    yield case(lsbe.open_study, out=folder / "run", name=None, generator=Model())
    yield case(lsbe.export_study, folder=folder / "run", archive=archive, overwrite=True)
    yield case(lsbe.import_study, archive=archive, folder=folder / "again")
    yield case(lsbe.Patience, trials=3)
    yield case(
        lsbe.write_report,
        study=made,
        path=folder / "report.html",
        pictures=0,
        seconds=1.0,
        prior_scores=[1.0, 2.0],
    )


# Made by the library itself, or abstract: nobody calls them with arguments of their own.
NOT_CALLED = {
    "ArrayLibrary", "Chart", "ChartContract", "DifferentiableChart", "Generator",
    "GeneratorContract", "HostTransportMap", "IdentityTransportMap", "Objective", "Search",
    "SearchContract", "SeedLatents", "Space", "StopStudy", "Study", "TransportMap",
    "TransportMapContract", "UserObjective", "AngularChart", "KnotheRosenblattChart",
    "available", "check_search", "list_sections", "names",
}  # fmt: skip


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    made = [
        *of_seed_latents(),
        *of_spaces(),
        *of_transport_maps(),
        *of_validity(),
        *of_airfoils(folder),
        *of_names(),
        *of_studies(folder),
    ]
    return {case.name: case for case in made}


def fault_of(case, argument, value):
    """Return what is wrong with how an odd value is met, or None."""
    try:
        case.call(**{**case.valid, argument: value})
    except LatentSpacesError as error:
        words = f"{argument.rstrip('s')}|{ALSO_CALLED.get(argument, argument)}"
        return None if re.search(words, str(error)) else f"does not name it: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


@pytest.fixture
def plain_annotations():
    """Call the library as users do, whose annotations nobody checks."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.mark.filterwarnings("ignore")
def test_odd_arguments_are_taken_or_named(cases, tmp_path, monkeypatch, plain_annotations):
    monkeypatch.chdir(tmp_path)
    faults = [
        f"{case.name}({argument}={odd}) {fault:.200}"
        for case in cases.values()
        for argument in case.valid
        for odd, value in ODD.items()
        if (fault := fault_of(case, argument, value))
    ]
    assert not faults, f"{len(faults)} of them\n" + "\n".join(faults)


def test_every_public_callable_is_in_the_table(cases):
    called = {case.call for case in cases.values()}
    missing = [
        f"{room.__name__}.{name}"
        for room in ROOMS
        for name in getattr(room, "__all__", ("load", "names"))
        if callable(value := getattr(room, name)) and value not in called
        if name not in NOT_CALLED and not is_dataclass(value)
    ]
    assert not missing
