"""Prototypical modal rebalance: the modality that lags behind is drawn to the centres of its classes.

Shapes: B samples, D features, K classes, M modalities.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from fuselab.errors import ConfigError
from fuselab.fusion.base import DecisionSpace
from fuselab.fusion.functional import at_least_float32, mean_over_samples
from fuselab.models.fusion_model import FusionModel
from fuselab.schemes.base import Course, MakeHead, Scheme, against_the_others, sum_over_processes
from fuselab.types import Lesson


class Pmr(Scheme):
    r"""Each modality is compared with class prototypes; the slow one gets a loss for it, the fast one an entropy bonus.

    Before each epoch the prototype :math:`c_{mk}` is the mean pooled feature of the train samples of class k that have
    modality m. Then

    .. math::
        p_m(k) = \frac{\exp(-\|f_m - c_{mk}\|)}{\sum_j \exp(-\|f_m - c_{mj}\|)}, \qquad
        s_m = \frac{1}{|B_m|} \sum_{i \in B_m} p_{im}(y_i), \qquad
        \rho_m = \frac{s_m}{\frac{1}{M - 1} \sum_{k \ne m} s_k}

    .. math::
        \mathcal{L} = \ell(\text{output}, y)
        - \alpha \sum_m \mathrm{clip}(\tfrac{1}{\rho_m} - 1, 0, 1) \frac{1}{|B_m|} \sum_{i \in B_m} \log p_{im}(y_i)
        - \mu \sum_m \mathrm{clip}(\rho_m - 1, 0, 1) \frac{1}{|B_m|} \sum_{i \in B_m} H(p_{im})

    the last term in the first epochs only. With two modalities in every sample these are the paper's ratio and
    coefficients; the mean over the others extends them to more. No gradient goes through prototypes and coefficients.

    It looks at encoders only, so it goes with every fusion. Costs one pass of the encoders over the train split each
    epoch and M K D numbers; nothing afterwards.

    Args:
        alpha: weight of the slow modalities' loss
        mu: weight of the fast modalities' entropy
        entropy_epochs: epochs with the entropy
        classes: number of classes, K
        space: must be ``probability``

    Raises:
        ConfigError: values instead of classes

    Example:
        >>> scheme = Pmr(alpha=1.0, mu=0.1, entropy_epochs=3, classes=2, space="probability")
        >>> prototypes, seen = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([True, True])
        >>> log_probabilities(torch.tensor([[0.0, 0.0]]), prototypes, seen).exp()
        tensor([[0.9933, 0.0067]])

    Reference:
        Fan, Xu, Wang, Wang, Guo (2023), PMR: Prototypical Modal Rebalance for Multimodal Learning: prototypical
        cross-entropy, prototypical entropy regularisation and their coefficients (section 3).
    """

    several: ClassVar[bool] = True

    def __init__(self, *, alpha: float, mu: float, entropy_epochs: int, classes: int, space: DecisionSpace) -> None:
        super().__init__()
        if space != "probability":
            raise ConfigError(f"scheme.space ({space}) must be 'probability' for Pmr, whose prototypes are of classes")
        self.alpha = alpha
        self.mu = mu
        self.entropy_epochs = entropy_epochs
        self.classes = classes

    def attach(self, model: FusionModel, make_head: MakeHead) -> None:
        """Make room for the prototypes."""
        self.modalities = model.modalities
        for name in self.modalities:
            width = int(model.encoders[name].dim)  # type: ignore[arg-type]
            self.register_buffer(f"prototypes_{name}", torch.zeros(self.classes, width))
            self.register_buffer(f"seen_{name}", torch.zeros(self.classes, dtype=torch.bool))

    @torch.no_grad()
    def before_epoch(self, course: Course) -> None:
        """Take the mean features of each class."""
        training = course.model.training
        course.model.eval()
        sums = {name: torch.zeros_like(self.get_buffer(f"prototypes_{name}")) for name in self.modalities}
        counts = {name: torch.zeros_like(one[:, 0]) for name, one in sums.items()}
        for batch in course.train():
            with course.forward_context():
                features = course.model(batch.inputs).features
            for name, one in features.items():
                target_B = batch.target[one.present]
                member_KB = (torch.arange(self.classes, device=target_B.device)[:, None] == target_B).to(sums[name])
                sums[name] += member_KB @ one.pooled()[one.present].to(member_KB)
                counts[name] += member_KB.sum(1)
        for name in self.modalities:
            count_K = sum_over_processes(counts[name])
            total_KD = sum_over_processes(sums[name])
            self.get_buffer(f"prototypes_{name}").copy_(total_KD / count_K.clamp(min=1)[:, None])
            self.get_buffer(f"seen_{name}").copy_(count_K > 0)
        course.model.train(training)

    def loss(self, joint: Tensor, lesson: Lesson) -> Tensor:
        """Add what draws the slow modalities on and holds the fast ones back."""
        correct, entropy, known = [], [], []
        for name in self.modalities:
            pooled_BD = at_least_float32(lesson.prediction.features[name].pooled())
            seen_K = self.get_buffer(f"seen_{name}")
            log_BK = log_probabilities(pooled_BD, self.get_buffer(f"prototypes_{name}"), seen_K)
            known.append(seen_K[lesson.target])
            correct.append(log_BK.gather(1, lesson.target[:, None])[:, 0])
            entropy.append(-(log_BK.exp() * log_BK).sum(1))
        correct_BM, entropy_BM = torch.stack(correct, dim=1), torch.stack(entropy, dim=1)
        counted_BM = lesson.present & torch.stack(known, dim=1)

        with torch.no_grad():
            score_M = mean_over_samples(correct_BM.exp(), counted_BM)
            ratio_M = against_the_others(score_M, counted_BM.any(0))
            slow_M, fast_M = (1 / ratio_M - 1).clamp(0, 1), (ratio_M - 1).clamp(0, 1)
        extra = -self.alpha * (slow_M * mean_over_samples(correct_BM, counted_BM)).sum()
        if lesson.epoch < self.entropy_epochs:
            extra = extra - self.mu * (fast_M * mean_over_samples(entropy_BM, counted_BM)).sum()
        return joint + extra


def log_probabilities(pooled_BD: Tensor, prototypes_KD: Tensor, seen_K: Tensor) -> Tensor:
    """Return the logarithm of a softmax over negative distances to the prototypes that there are.

    Shape:
        - seen_K: (K,), False for a class without any sample
        - output: (B, K)
    """
    square_BK = (pooled_BD[:, None] - prototypes_KD).square().sum(-1)
    # The square root has no slope at 0, where a feature is its own prototype.
    distance_BK = square_BK.clamp(min=torch.finfo(square_BK.dtype).eps).sqrt()
    return (-distance_BK).masked_fill(~seen_K, torch.finfo(distance_BK.dtype).min / 2).log_softmax(-1)
