"""Numbers seen along fewer axes, which were learned from the train split.

Shapes: B samples, T steps, F numbers, K axes.
"""

from __future__ import annotations

from torch import Tensor

from fuselab.data.transforms.base import NUMBERS, FittedTransform
from fuselab.errors import DataError
from fuselab.types import ModalityInput


class Projection(FittedTransform):
    r"""Projects numbers onto axes.

    .. math:: y = (x - \mu) A

    Vectors and images become vectors (B, K); each step of a sequence, which has a mask, one of its own (B, T, K). What
    is missing or padding is not learned from. A subclass writes :meth:`fit`, and sets ``mean`` μ (F,) and ``axes`` A
    (F, K) in ``state``.
    """

    takes = NUMBERS

    def apply(self, modality: ModalityInput) -> ModalityInput:
        """Project."""
        values = modality.values if modality.mask is not None else modality.values.flatten(1)
        mean, axes = (self.state[name].to(values.device, values.dtype) for name in ("mean", "axes"))
        return modality._replace(values=(values - mean) @ axes)


def check_rows(rows_RF: Tensor, *, least: int, step: str) -> None:
    """Refuse to learn from too few rows.

    Raises:
        DataError: fewer rows than needed
    """
    if len(rows_RF) < least:
        raise DataError(
            f"the train split ({len(rows_RF)} real rows) must have at least {least} for {step}; leave the step out"
        )
