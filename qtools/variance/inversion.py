"""参数自助的逆推 Parametric bootstrap, inverted: components that would have given what was seen.

Resampling the parts of a study keeps its operators and is far too narrow; a plain parametric
bootstrap about the estimate is not much better with three operators, since σ̂² is then σ²χ²₂/2
and its quantiles lie on the wrong side. The question is which components make what was seen a
usual outcome, and so each replicate is solved for them.

For source i, let P_i be the projection of the restricted likelihood in which every source that
is not finer than i (whose units do not lie within the units of i) is fixed, at the REML
components. Then y'M_i·y with M_i = P_i·V_i·P_i holds component i, those of finer sources and the
residual only. Under components θ it is distributed as w'V(θ)w = Σ θ_j·|Z_j'w|² with
w ~ N(0, M_i): **linear in θ, with coefficients that do not depend on θ**. A replicate draws the
coefficients and equates the sum to what was seen; residual first, then the finest source and on
to the coarsest, each equation has one unknown. The residual is exact χ².

For balanced data these are the generalized confidence intervals of Hamada & Weerahandi (2000);
where data are unbalanced, each equation by itself is exact for given weights, and only that the
forms of two sources are then slightly dependent is neglected. Coverage is tested.

References
----------
Hamada & Weerahandi (2000), J. Quality Technology 32, 241-253.
Hannig, Iyer & Patterson (2006), JASA 101, 254-269 (generalized and fiducial intervals).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qtools.variance.mixed import diagonal, inverse, scale_of

if TYPE_CHECKING:
    from qtools.variance import Codes, Vector
    from qtools.variance.mixed import Mixed

SEED = 20260101
REPLICATES = 5000


def inverted_draws(model: Mixed, replicates: int = REPLICATES, seed: int = SEED) -> Vector:
    """逆推抽样 Draws of the components, shape (replicates, sources + 1), residual last.

    A negative solution stays negative, as a negative mean-square estimate does.

    Parameters
    ----------
    model : Mixed
        Fitted; each source explains something that the sources not finer than it do not.
    replicates : int
    seed : int
        Equal data give equal limits.

    Examples
    --------
    >>> from qtools.variance.cells import gather
    >>> from qtools.variance.mixed import fit_mixed
    >>> part, operator = (axis.ravel() for axis in np.indices((3, 2)))
    >>> model = fit_mixed(gather([1.0, 3.0, 4.0, 5.0, 8.0, 11.0], [part, operator]))
    >>> inverted_draws(model, 1000).shape
    (1000, 3)
    """
    cells = model.cells
    rng = np.random.default_rng(seed)
    sources = range(len(cells.sizes))
    rest, df = cells.remainder(sources)
    out = np.empty((replicates, len(cells.sizes) + 1))
    out[:, -1] = rest / _chi_square(df, replicates, rng)
    finer = {place: cells.finer(place) for place in sources}
    for place in sorted(sources, key=lambda one: len(finer[one])):
        form = _Form(model, place, finer[place])
        drawn = form.fine(replicates, rng) if place == cells.fine else form.inner(replicates, rng)
        own = drawn.pop(place)
        known = [coefficients * out[:, other] for other, coefficients in drawn.items()]
        out[:, place] = (form.seen - np.sum(known, axis=0)) / own
    return out


class _Form:
    """The quadratic form of one source: what was seen, and draws of its coefficients.

    P_i = D⁻¹ − D⁻¹B·Y·B'D⁻¹ with B the fixed columns and the scaled columns of finer sources in Z,
    Y = (B'D⁻¹B + Λ)⁻¹, Λ = 1 for the latter; so P_i·B = D⁻¹B·Y·Λ, and nothing large is subtracted.
    """

    def __init__(self, model: Mixed, place: int, finer: tuple[int, ...]) -> None:
        cells = self.cells = model.cells
        self.place = place
        self.each, group = np.unique(cells.count, return_inverse=True)
        self.d = diagonal(cells, model.components)
        fixed = cells.columns([other for other in cells.inner if other not in finer])
        fixed = fixed[:, _independent(fixed)]
        solve = inverse(fixed.T @ fixed)[0]
        blocks, at = [fixed], fixed.shape[1]
        self.rows: dict[int, slice] = {}
        self.scale: dict[int, float] = {}
        for other in cells.inner:
            if other in finer:
                # what the fixed columns leave of it, without the directions that they take up
                left = cells.columns([other])
                left = left - fixed @ (solve @ (fixed.T @ left))
                values, vectors = np.linalg.eigh(left.T @ left)
                own = left @ vectors[:, values > 1e-9 * values[-1]]
                self.scale[other] = scale_of(cells, model.components, other)
                blocks.append(self.scale[other] * own)
                self.rows[other] = slice(at, at + own.shape[1])
                at += own.shape[1]
        b = np.hstack(blocks)
        parts = [b[group == one] for one in range(self.each.size)]
        self.size = np.array([len(part) for part in parts])
        self.grams = np.array([part.T @ part for part in parts])
        self.gram = np.tensordot(1.0 / self.d, self.grams, axes=1)
        free = np.arange(at) >= fixed.shape[1]
        self.y = inverse(self.gram + np.diag(free.astype(float)))[0]
        m = cells.means
        for _ in range(3):  # each pass takes up the rounding of the one before
            m = m - fixed @ (solve @ (fixed.T @ m))
        weighted = m / self.d[group]
        if place == cells.fine:
            pm = weighted - b @ (self.y @ (b.T @ weighted)) / self.d[group]
            self.seen = float(pm @ pm)
        else:
            own = self.y[:, self.rows[place]].T @ (b.T @ weighted)
            self.seen = float(own @ own)

    @property
    def patterns(self) -> dict[int, Vector]:
        """Diagonal of the components on it, by group of equally full cells."""
        out: dict[int, Vector] = {len(self.cells.sizes): 1.0 / self.each}
        if self.cells.fine is not None:
            out[self.cells.fine] = np.ones(self.each.size)
        return out

    def inner(self, replicates: int, rng: np.random.Generator) -> dict[int, Vector]:
        """Coefficients |Z_j'w|² with w = P_i·Z_i·z for a source in Z; keys with residual last."""
        t = self.y[:, self.rows[self.place]]
        z = rng.standard_normal((t.shape[1], replicates))
        z *= np.sqrt(_chi_square(len(z), replicates, rng) / np.einsum("ij,ij->j", z, z))
        out = {}
        for other, rows in self.rows.items():
            image = (self.gram[rows] @ t) @ z
            out[other] = np.einsum("ij,ij->j", image, image) / self.scale[other] ** 2
        for other, pattern in self.patterns.items():
            form = t.T @ np.tensordot(pattern / self.d**2, self.grams, axes=1) @ t
            values, vectors = np.linalg.eigh(form)
            image = vectors.T @ z
            out[other] = np.maximum(values, 0.0) @ image**2
        return out

    def fine(self, replicates: int, rng: np.random.Generator) -> dict[int, Vector]:
        """The same with w = P_i·z for the source on the diagonal.

        Of the z of equally full cells only their image B'z and what is orthogonal to it matter:
        the latter is χ².
        """
        images, lengths, roots = [], [], []
        for gram, size in zip(self.grams, self.size, strict=True):
            values, vectors = np.linalg.eigh(gram)
            kept = values > 1e-9 * max(float(values[-1]), 1e-300)
            root = vectors[:, kept] * np.sqrt(values[kept])
            z = rng.standard_normal((root.shape[1], replicates))
            length = np.einsum("ij,ij->j", z, z)
            if size > root.shape[1]:
                length += rng.chisquare(size - root.shape[1], replicates)
            images.append(root @ z)
            lengths.append(length)
            roots.append(root)
        c = self.y @ np.tensordot(1.0 / self.d, np.array(images), axes=1)
        whole = inverse(self.grams.sum(axis=0))[0] @ np.sum(images, axis=0)
        length = np.sum(lengths, axis=0) - np.einsum("ij,ij->j", whole, np.sum(images, axis=0))
        factor = _chi_square(self.size.sum() - len(c), replicates, rng) / length
        own = []
        for image, length, root in zip(images, lengths, roots, strict=True):
            shadow = root.T @ c
            own.append(
                length
                - 2.0 * np.einsum("ij,ij->j", c, image)
                + np.einsum("ij,ij->j", shadow, shadow)
            )
        return {
            other: (pattern / self.d**2) @ np.array(own) * factor
            for other, pattern in self.patterns.items()
        }


def _chi_square(df: int, replicates: int, rng: np.random.Generator) -> Vector:
    """χ² draws, one from each of as many equally likely strata: their quantiles hardly err."""
    from scipy.special import chdtri

    strata = (rng.permutation(replicates) + rng.random(replicates)) / replicates
    return np.asarray(chdtri(df, strata), dtype=np.float64)


def _independent(columns: Vector) -> Codes:
    """Columns of indicators that none of the others add up to."""
    from scipy.linalg import qr

    r, order = qr(columns.T @ columns, mode="r", pivoting=True)
    size = np.abs(np.diag(r))
    out: Codes = np.sort(order[size > 1e-9 * size[0]])
    return out
