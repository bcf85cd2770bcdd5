"""The surrogate chart itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arguments import ArrayLike, check_finite, check_instance
from latent_spaces_by_example.arrays import ArrayLibrary, library_of
from latent_spaces_by_example.charts import Chart, DifferentiableChart, KnotheRosenblattChart
from latent_spaces_by_example.charts.domain import cube_coordinates, orthant_weights, unit_weights
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.combination import combination_rule
from latent_spaces_by_example.space.inversion import (
    check_independent,
    check_norms,
    explained_by_rounding,
    weights_of,
)
from latent_spaces_by_example.space.projection import Projection, nearest_candidates
from latent_spaces_by_example.space.seed_array import checked_seed_latents
from latent_spaces_by_example.space.seed_latents import SeedLatents
from latent_spaces_by_example.space.span import LeastSquares, SeedSpan
from latent_spaces_by_example.transport_maps import IdentityTransportMap, TransportMap
from latent_spaces_by_example.transport_maps.layout import Latents, LatentShape, layout_of_latents


@final
class SurrogateChart:
    """The space that K seed latents span: u <-> w <-> inner latent <-> z.

    z = T^-1(sum_k c_k(w) T(z_k)), w = chart(u); c(w) = w for the linear rule.

    - ``u``: coordinates in the unit hypercube, shape (n, K - 1);
    - ``w``: weights over the seed latents, shape (n, K), rows of norm 1; what the chart makes is
      non-negative, but ``from_w_to_z`` takes any sign;
    - ``z``: latents, shape (n, *latent_shape), in the seed latents' dtype.

    Over :class:`SeedLatents` the space grows: weights may have more columns than there are seed
    latents so far, and the missing prior draws are then made; columns that are left out are
    weights of zero. Coordinates u of K - 1 columns refer to the first K seed latents.

    Latents may also be dictionaries of named arrays, say ``move`` of shape (n, 5, 3) and ``turn``
    of shape (n, 5, 4), all of one dtype. Then ``seed_latents`` and every ``z`` is one, and the
    law a :class:`~latent_spaces_by_example.transport_maps.NamedProductTransportMap`.

    Seed latents may be NumPy arrays, PyTorch tensors on any device, or JAX arrays. What comes back
    is of the same library and on the same device: ``z`` in the seed latents' dtype, ``u`` and
    ``w`` in float64, in which they are computed. In PyTorch, gradients flow from ``z`` back to
    ``w`` and ``u``; not from ``u`` or ``w`` to ``z``, nor to the seed latents.

    Args:
        seed_latents: shape (K, *latent_shape), K >= 1, floating point; or a dictionary of such.
            An array is kept by reference, not copied: do not change it afterwards. Tensors may
            not require a gradient. Or :class:`SeedLatents`: arrays, random seeds, prior draws.
        weight_chart: the chart u <-> w; default :class:`~latent_spaces_by_example.charts.\
KnotheRosenblattChart`, under which uniform u is uniform on the sphere.
        transport_map: the law of the latents; default: independent standard Gaussians. That of
            :class:`SeedLatents` is their generator's.
        combination: ``"linear"``, the published rule, exact in law for seed latents drawn
            independently; or ``"shell"``, which keeps every candidate at the seeds' own norms
            also when the seeds are correlated. Corners are the seeds under both.

    Raises:
        ArgumentError: if the seed latents have a wrong shape or dtype, are not finite, or two
            of them are identical; or if another argument is not as above.

    Source: Willis et al. 2025 (arXiv 2509.23800); transport maps: Bodin et al. 2024
    (arXiv 2408.08558).

    Example:
        >>> import numpy as np
        >>> seed_latents = np.random.default_rng(0).standard_normal((3, 4, 8, 8))
        >>> chart = SurrogateChart(seed_latents)
        >>> z = chart.from_u_to_z(np.array([[0.2, 0.7]]))
        >>> z.shape
        (1, 4, 8, 8)
        >>> chart.from_z_to_u(z).round(12)
        array([[0.2, 0.7]])
    """

    def __init__(
        self,
        seed_latents: Latents | SeedLatents,
        *,
        weight_chart: Chart | None = None,
        transport_map: TransportMap | None = None,
        combination: str = "linear",
    ) -> None:
        """Check the seed latents and keep them; the class says what the arguments are."""
        self._rule = combination_rule(combination)
        self._weight_chart: Chart = (
            KnotheRosenblattChart() if weight_chart is None else weight_chart
        )
        check_instance(self._weight_chart, Chart, argument="weight_chart", example="AngularChart()")
        self._seeds = seed_latents if isinstance(seed_latents, SeedLatents) else None
        if isinstance(seed_latents, SeedLatents):
            self._transport_map = seed_latents.transport_map
            if transport_map not in (None, self._transport_map):
                raise ArgumentError(
                    f"transport_map={transport_map!r} was given, but SeedLatents are of their "
                    f"generator's law, {self._transport_map!r}; leave it out"
                )
            self._layout = seed_latents.layout
            self._known = SeedSpan(seed_latents.inner, len(seed_latents))
            return
        seeds = checked_seed_latents(seed_latents)
        # the layout of a dictionary; of an array, as the array library reads it
        like = seed_latents if isinstance(seed_latents, Mapping) else seeds
        self._layout = layout_of_latents(like, name="seed_latents")
        self._transport_map = IdentityTransportMap() if transport_map is None else transport_map
        check_instance(
            self._transport_map,
            TransportMap,
            argument="transport_map",
            example="UniformTransportMap()",
        )
        self._known = SeedSpan(self._transport_map.forward(self._layout.unpack(seeds)))
        if not self._is_identity:
            check_finite(
                self._library.on_host(self._known.rows),
                name="the transport map's image of seed_latents",
            )

    def __repr__(self) -> str:
        """Say in one line what is spanned, and how."""
        return (
            f"SurrogateChart({self.num_seeds} seed latents of shape {self.latent_shape} and dtype "
            f"{self._span.dtype_name}, {type(self._weight_chart).__name__}, "
            f"{self._transport_map!r}, combination={self._rule.name!r})"
        )

    @property
    def num_seeds(self) -> int:
        """Number K of seed latents; of a space that grows, of those made so far."""
        return self._span.num_seeds

    @property
    def seeds(self) -> SeedLatents:
        """The seed latents of a space that grows: their names, random seeds, prior draws.

        Raises:
            ArgumentError: the chart was made of an array.
        """
        if self._seeds is None:
            raise ArgumentError(
                "the chart was made of an array of seed latents, which has no names and no prior "
                "draws; give SurrogateChart a SeedLatents object"
            )
        return self._seeds

    @property
    def num_latent_dims(self) -> int:
        """Dimension d of the inner latents, without hidden numbers."""
        return self._known.num_dims if self._seeds is None else self._seeds.num_latent_dims

    @property
    def latent_shape(self) -> LatentShape:
        """Shape of one latent; a dictionary of shapes where it is made of named parts."""
        return self._layout.latent_shape

    @property
    def weight_chart(self) -> Chart:
        """The chart u <-> w."""
        return self._weight_chart

    @property
    def transport_map(self) -> TransportMap:
        """The law of the latents."""
        return self._transport_map

    @property
    def combination(self) -> str:
        """Name of the rule by which weights combine the seed latents."""
        return self._rule.name

    @property
    def gram(self) -> Float64[np.ndarray, "K K"]:
        """Inner products of the inner seed latents; computed when first asked for, read-only.

        A NumPy array, as is ``correlation``, whatever the seed latents are.
        """
        return self._span.gram

    @property
    def correlation(self) -> Float64[np.ndarray, "K K"]:
        """Cosines between the inner seed latents, diagonal exactly 1; read-only."""
        return self._span.correlation

    def correlation_of(self, num_seeds: int) -> Float64[np.ndarray, "K K"]:
        """Return the cosines between the first so many, hidden numbers included.

        Raises:
            ArgumentError: there are not so many, and the space does not grow.
        """
        if self._seeds is None and num_seeds > self.num_seeds:
            raise ArgumentError(
                f"num_seeds={num_seeds}, but the chart has {self.num_seeds} seed latents; only a "
                "chart over SeedLatents grows"
            )
        if self._seeds is None:
            return self._span.correlation[:num_seeds, :num_seeds]
        return self._span_of(num_seeds).correlation

    def from_u_to_w(self, u: ArrayLike) -> Float[Any, "n K"]:
        """Map coordinates (n, K - 1) in [0, 1] to weights, by the chart.

        Raises:
            ArgumentError: if ``u`` has another shape or dtype, or leaves the cube.
        """
        return self._beside(self._weights_at(u))

    def from_w_to_u(self, w: ArrayLike) -> Float[Any, "n K_minus_1"]:
        """Map weights (n, K), unit and non-negative, to coordinates, by the chart.

        Raises:
            ArgumentError: if ``w`` has another shape or dtype.
            OutsideSpaceError: if ``w`` is off the unit sphere or outside the orthant.
        """
        return self._beside(
            self._library.mapped(w, name="w", forward=self._coordinates_of, pull_back=None)
        )

    def from_w_to_z(self, w: ArrayLike) -> Any:
        """Map weights (n, K), unit and of any sign, to latents (n, *latent_shape).

        z = T^-1(c(w) Z): one matrix product, in the seed latents' dtype. One-hot weights give
        that seed latent. A gradient in ``w`` is that of this formula, which is taken to hold off
        the unit sphere too: project it on the tangent to stay on the sphere.

        Raises:
            ArgumentError: if ``w`` has another shape or dtype, or the shell rule's combination
                cancels.
            OutsideSpaceError: if ``w`` is off the unit sphere.
        """
        inner = self.inner_latents(w)
        if self._seeds is not None:
            like = self._seeds.like
            seen = np.ascontiguousarray(inner[:, : self.num_latent_dims])
            inner = library_of(like).from_host(seen, like=like)
        return self._transport_map.inverse(inner, latent_shape=self.latent_shape)

    def inner_latents(self, w: ArrayLike) -> Float[Any, "n d_and_hidden"]:
        """Return the inner latents at weights (n, K), with hidden numbers at their end.

        Raises:
            ArgumentError, OutsideSpaceError: as :meth:`from_w_to_z` does.
        """
        if self._seeds is None:
            coefficients = self._library.mapped(
                w, name="w", forward=self.coefficients, pull_back=self._pull_back_coefficients
            )
            return self._known.combine(coefficients)
        library = library_of(w)
        weights = w if library.name == "numpy" else library.on_host(w)
        return self._seeds.inner.combine(self._coefficients_in_any_batch(weights))

    def relative_norms_at(self, w: ArrayLike) -> Float64[np.ndarray, " n"]:
        """Return the norms of the inner latents at weights (n, K) over sqrt(d), shape (n,).

        Raises:
            ArgumentError, OutsideSpaceError: as :meth:`from_w_to_z` does.
        """
        d = self.num_latent_dims
        if self._seeds is not None and self._seeds.num_hidden_dims:
            norms: Float64[np.ndarray, " n"] = np.linalg.norm(self.inner_latents(w)[:, :d], axis=1)
            return norms / np.sqrt(d)
        c = self.coefficients(w)
        gram = self._span_of(c.shape[1]).gram
        return np.sqrt(np.maximum(np.einsum("nj,jk,nk->n", c, gram, c, optimize=True), 0.0) / d)

    def coefficients(self, w: ArrayLike) -> Float64[np.ndarray, "n K"]:
        """Return c(w): the inner latent at weights w (n, K) is sum_k c_k(w) T(z_k).

        With :attr:`gram` they give norms and angles in the space without making a latent.

        Raises:
            ArgumentError, OutsideSpaceError: as :meth:`from_w_to_z` does.
        """
        weights = unit_weights(w, num_seeds=self._width)
        return self._rule.coefficients(weights, self._span_of(weights.shape[1]))

    def from_z_to_w(self, z: Latents) -> Float[Any, "n K"]:
        """Map latents (n, *latent_shape) of the space to their weights.

        Least squares through the seeds' K x K Gram matrix, refined by what is left over. Nothing
        is projected: what rounding of the dtype cannot explain is an error.

        Raises:
            ArgumentError: if ``z`` has another shape or dtype, is not finite, or the seed
                latents are linearly dependent.
            OutsideSpaceError: if a latent lies outside the span (the message has the relative
                residual), outside the orthant, or off the norm that the space has there;
                :meth:`project` gives the nearest weights.
        """
        return self._beside(self._weights_behind(z))

    def project(self, z: Latents) -> Projection:
        """Find the weights whose latents are nearest in direction to any latents.

        w maximises the cosine between the inner latent of z and that of w, over the orthant.

        Args:
            z: latents, shape (n, *latent_shape), floating point.

        Returns:
            The weights, and for each latent the residual and the ratio of norms.

        Raises:
            ArgumentError: if ``z`` has another shape or dtype, is not finite, or the seed
                latents are linearly dependent.
            OutsideSpaceError: if a latent is at a right angle or more from the whole space.

        Example:
            >>> import numpy as np
            >>> chart = SurrogateChart(np.eye(2, 3))
            >>> projection = chart.project(np.array([[2.0, 0.0, 2.0]]))
            >>> projection.w
            array([[1., 0.]])
            >>> projection.residual.round(6)
            array([0.707107])
        """
        _, inner = self._latents_and_inner(z)
        nearest = nearest_candidates(self._problem(inner), span=self._span, rule=self._rule)
        return Projection(
            w=self._beside(nearest.w),
            residual=self._beside(nearest.residual),
            norm_ratio=self._beside(nearest.norm_ratio),
        )

    def from_u_to_z(self, u: ArrayLike) -> Any:
        """Map coordinates (n, K - 1) in [0, 1] to latents (n, *latent_shape).

        Raises:
            ArgumentError: as :meth:`from_u_to_w` and :meth:`from_w_to_z` do.
        """
        # straight on, since a library without float64 would round the weights on the way out
        return self.from_w_to_z(self._weights_at(u))

    def from_z_to_u(self, z: Latents) -> Float[Any, "n K_minus_1"]:
        """Map latents (n, *latent_shape) of the space to coordinates.

        Raises:
            ArgumentError: as :meth:`from_z_to_w` does.
            OutsideSpaceError: as :meth:`from_z_to_w` does.
        """
        return self._beside(self._coordinates_of(self._weights_behind(z)))

    @property
    def _is_identity(self) -> bool:
        return isinstance(self._transport_map, IdentityTransportMap)

    @property
    def _like(self) -> Any:
        return self._known.rows if self._seeds is None else self._seeds.like

    @property
    def _library(self) -> ArrayLibrary:
        return library_of(self._like)

    @property
    def _width(self) -> int | None:
        """Number of columns that weights must have; any number where the space grows."""
        return self.num_seeds if self._seeds is None else None

    @property
    def _span(self) -> SeedSpan:
        return self._known if self._seeds is None else self._span_of(len(self._seeds))

    def _span_of(self, num_seeds: int) -> SeedSpan:
        """Return the span of the first so many seed latents; the missing ones are made."""
        if self._seeds is not None and num_seeds != self._known.num_seeds:
            self._seeds.extend_to(max(num_seeds, 1))
            self._known = SeedSpan(self._seeds.inner, num_seeds)
        return self._known

    def _beside(self, values: Any) -> Float[Any, "*shape"]:
        return self._library.beside(values, like=self._like)

    def _weights_at(self, u: ArrayLike) -> Float64[Any, "n K"]:
        chart = self._weight_chart
        return self._library.mapped(
            u,
            name="u",
            forward=lambda u: chart.forward(cube_coordinates(u, num_seeds=self._width)),
            pull_back=chart.pull_back if isinstance(chart, DifferentiableChart) else None,
        )

    def _coordinates_of(self, w: ArrayLike) -> Float64[np.ndarray, "n K_minus_1"]:
        orthant_weights(w, num_seeds=self._width)
        # as they came: in float64 the rounding of a narrower dtype would count as an error
        u: Float64[np.ndarray, "n K_minus_1"] = self._weight_chart.inverse(w)
        return u

    def _coefficients_in_any_batch(self, w: ArrayLike) -> Float64[np.ndarray, "n K"]:
        """Return c(w), each row the same to the last bit whatever rows and zeros are beside it."""
        weights = unit_weights(w, num_seeds=self._width)
        coefficients = np.zeros(weights.shape)
        for row, given in zip(coefficients, weights, strict=True):
            used = int(np.flatnonzero(given)[-1]) + 1
            row[:used] = self._rule.coefficients(given[None, :used], self._span_of(used))[0]
        return coefficients

    def _pull_back_coefficients(
        self, w: ArrayLike, gradient: Float64[np.ndarray, "n K"]
    ) -> Float64[np.ndarray, "n K"]:
        weights = unit_weights(w, num_seeds=self._width)
        return self._rule.pull_back(weights, gradient, span=self._span)

    def _weights_behind(self, z: Latents) -> Float64[np.ndarray, "n K"]:
        latents, inner = self._latents_and_inner(z)
        return weights_of(
            self._problem(inner),
            span=self._span,
            rule=self._rule,
            rounding=explained_by_rounding(
                latents, inner=inner, transport_map=self._transport_map, layout=self._layout
            ),
        )

    def _latents_and_inner(self, z: Latents) -> tuple[Float[Any, "n ..."], Float[Any, "n d"]]:
        """Return the latents, packed into one array if they are named parts, and their images."""
        if self._seeds is not None and self._seeds.num_hidden_dims:
            raise ArgumentError(
                f"this space holds latents with {self._seeds.num_hidden_dims} hidden numbers, "
                "which z does not show, so the weights behind z are not determined; keep to the "
                "direction from weights to latents"
            )
        latents = self._layout.pack(z, name="z")
        library = library_of(latents)
        check_finite(library.on_host(latents), name="z")
        inner = self._transport_map.forward(self._layout.unpack(latents))
        if not self._is_identity:
            check_finite(library.on_host(inner), name="the transport map's image of z")
        return latents, inner

    def _problem(self, inner: Float[Any, "n d"]) -> LeastSquares:
        check_independent(self._span)
        # What overflows here is reported by check_norms, in words that help.
        with np.errstate(over="ignore", invalid="ignore"):
            problem = self._span.least_squares(inner)
        check_norms(problem.norms)
        return problem
