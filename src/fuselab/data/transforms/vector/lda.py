"""Linear discriminants: the axes that part the classes.

Shapes: R rows, F numbers, K axes, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fuselab.data.transforms.base import real_rows
from fuselab.data.transforms.checks import check_least
from fuselab.data.transforms.vector.projection import Projection, check_rows
from fuselab.errors import DataError
from fuselab.types import ModalityInput


class Lda(Projection):
    r"""Projects numbers onto the axes along which the train split's classes lie farthest apart.

    .. math:: y = (x - \mu) A, \qquad a = \arg\max_a \frac{a^\top S_b a}{a^\top S_w a}

    with the scatter between the classes over that within them, one axis behind the other. Each real step of a sequence
    counts as a row of its sample's class. It learns from train labels: of many numbers and few rows it makes axes that
    part the train split far better than any other.

    Args:
        size: number of axes K, at most one less than classes

    Shape:
        - values: (B, F), an image (B, C, H, W), or a sequence (B, T, F) with a mask
        - output: (B, K), or (B, T, K)

    Raises:
        ConfigError: no axis
        DataError: not one class a sample, or more axes than there are

    Example:
        >>> values = torch.tensor([[0.0, 9.0], [1.0, 3.0], [5.0, 8.0], [6.0, 2.0]])
        >>> two = ModalityInput(values, None, torch.ones(4).bool())
        >>> lda = Lda(size=1)
        >>> lda.fit(two, torch.tensor([0, 0, 1, 1]))
        >>> apart = lda.apply(two).values[:, 0]
        >>> bool(apart[:2].max() < apart[2:].min() or apart[:2].min() > apart[2:].max())
        True

    Reference:
        Fisher (1936), The use of multiple measurements in taxonomic problems; scikit-learn's, by singular values.
    """

    def __init__(self, *, size: int) -> None:
        super().__init__()
        check_least(1, size=size)
        self.size = size

    def fit(self, train: ModalityInput, target: Tensor) -> None:
        """Find the axes."""
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        if target.dim() != 1 or target.is_floating_point():
            raise DataError(
                f"the targets ({target.dtype} of shape {tuple(target.shape)}) must be one class a sample for LDA; take "
                "PCA, or leave the step out"
            )
        real = train.present if train.mask is None else train.mask & train.present[:, None]
        rows_RF = real_rows(train).double().cpu()
        classes_R = (target if train.mask is None else target[:, None].expand_as(real))[real].cpu()
        count = len(torch.unique(classes_R))
        check_rows(rows_RF, least=count + 1, step="LDA")
        most = min(count - 1, rows_RF.shape[1])
        if self.size > most:
            raise DataError(
                f"transform.*.size ({self.size}) must be at most {most}: there are {count} classes in the train split "
                f"and {rows_RF.shape[1]} numbers; lower it"
            )
        found = LinearDiscriminantAnalysis(solver="svd", n_components=self.size).fit(rows_RF.numpy(), classes_R.numpy())
        self.state = {
            "mean": torch.from_numpy(found.xbar_),
            "axes": torch.from_numpy(found.scalings_[:, : self.size].copy()),
        }
