"""Principal components.

Shapes: R rows, F numbers, K components.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fuselab.data.transforms.base import real_rows
from fuselab.data.transforms.checks import check_least
from fuselab.data.transforms.vector.projection import Projection, check_rows
from fuselab.errors import ConfigError, DataError
from fuselab.types import ModalityInput


class Pca(Projection):
    r"""Projects numbers onto the leading principal components of the train split.

    .. math:: y = (x - \mu) V_K, \qquad X - \mu = U S V^\top \text{ of the train rows}

    Args:
        size: number of components K, or None
        energy: or the share of the train rows' variance that the fewest components hold, or None
        whiten: bring each component to variance 1 on the train split

    Shape:
        - values: (B, F), an image (B, C, H, W), or a sequence (B, T, F) with a mask
        - output: (B, K), or (B, T, K)

    Raises:
        ConfigError: not one of size and energy, or one that can't be
        DataError: more components than the train split has

    Example:
        >>> line = ModalityInput(torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]), None, torch.ones(3).bool())
        >>> pca = Pca(size=1, energy=None, whiten=False)
        >>> pca.fit(line, torch.zeros(3))
        >>> pca.apply(line).values.abs().round(decimals=4).tolist()
        [[5.0], [0.0], [5.0]]

    Reference:
        Jolliffe (2002), Principal Component Analysis, section 3.5 (by singular values); scikit-learn's.
    """

    def __init__(self, *, size: int | None, energy: float | None, whiten: bool) -> None:
        super().__init__()
        if (size is None) == (energy is None):
            raise ConfigError(
                f"transform.*.size ({size}) and energy ({energy}) must be one given, one null; choose which"
            )
        if size is not None:
            check_least(1, size=size)
        if energy is not None and not 0 < energy <= 1:
            raise ConfigError(f"transform.*.energy ({energy}) must be above 0 and at most 1; choose one such as 0.95")
        self.size = size
        self.energy = energy
        self.whiten = whiten

    def fit(self, train: ModalityInput, target: Tensor) -> None:
        """Find the components."""
        from sklearn.decomposition import PCA

        rows_RF = real_rows(train).double().cpu()
        check_rows(rows_RF, least=2, step="PCA")
        most = min(rows_RF.shape)
        if self.size is not None and self.size > most:
            raise DataError(
                f"transform.*.size ({self.size}) must be at most the {most} components of the train split "
                f"({len(rows_RF)} rows of {rows_RF.shape[1]} numbers); lower it"
            )
        # All of the energy is all components, which scikit-learn asks for in another way.
        wanted = self.size if self.size is not None else None if self.energy == 1 else self.energy
        found = PCA(wanted, random_state=0).fit(rows_RF.numpy())
        axes_FK = torch.from_numpy(found.components_.T.copy())
        if self.whiten:
            axes_FK = axes_FK / torch.from_numpy(found.explained_variance_).sqrt().clamp(min=1e-12)
        self.state = {
            "mean": torch.from_numpy(found.mean_),
            "axes": axes_FK,
            "variance_share": torch.from_numpy(found.explained_variance_ratio_),
        }
