"""Early fusion over time: the modalities side by side in each step, read by one recurrent network.

Shapes: B samples, T steps, D features, I features of all modalities together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from fuselab.fusion.base import TokenFusion
from fuselab.fusion.functional import check_choice
from fuselab.types import Features, Fused

GATES = {"lstm": 4, "gru": 3}  # the cell's own input counts as one


class ConcatSequence(TokenFusion):
    r"""Early-fusion LSTM or GRU (EF-LSTM, EF-GRU): tokens of all modalities concatenated step by step, the last state.

    .. math::
        x_t = [f_1^t; \dots; f_M^t], \qquad h_t, c_t = \mathrm{LSTM}(x_t, h_{t-1}, c_{t-1}) \quad\text{or}\quad
        h_t = \mathrm{GRU}(x_t, h_{t-1}), \qquad h = h_T

    with, for the LSTM, :math:`i, f, o = \sigma(W x_t + U h_{t-1} + b)`,
    :math:`c_t = f \odot c_{t-1} + i \odot \tanh(W' x_t + U' h_{t-1} + b')`, :math:`h_t = o \odot \tanh(c_t)`; and for
    the GRU :math:`r, z = \sigma(W x_t + U h_{t-1} + b)`,
    :math:`h_t = z \odot h_{t-1} + (1 - z) \odot \tanh(W' x_t + r \odot U' h_{t-1} + b')`.

    The steps must be aligned by the data: token t of each modality belongs to step t. Where they are not, order is all
    that they share. A modality that is missing, padded, or shorter than the others is zeros in its place. A step that
    no present modality has is no step at all: padding before, between or behind changes nothing. Without any modality
    the state is where it starts, at 0.

    Time and memory grow linearly with the steps, and no step can begin before the last one has ended: of all fusions
    here, this is the slowest with long inputs. ``torch.compile`` unrolls the steps.

    Args:
        modalities: names in the order of concatenation
        dims: width of each modality's tokens
        dim: width of the state and of the representation
        cell: ``lstm`` or ``gru``

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: an unknown cell

    Example:
        >>> fusion = ConcatSequence(modalities=["video", "audio"], dims={"video": 7, "audio": 5}, dim=8, cell="lstm")
        >>> video = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 4, 5), torch.ones(2, 4).bool(), torch.tensor([True, False]))
        >>> fusion({"video": video, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Williams, Kleinegesse, Comanescu, Radu (2018), Recognizing Emotions in Video Using Multimodal DNN Feature
        Fusion (early fusion); the cells are those of Gers, Schmidhuber, Cummins (2000), Learning to Forget, and of Cho
        et al. (2014), Learning Phrase Representations using RNN Encoder-Decoder, equations 5 to 8, with the reset gate
        behind the matrix as in cuDNN.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, cell: str) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_choice("fusion.cell", cell, list(GATES))
        self.cell = cell
        # Rows in the order of PyTorch's own cells: input, forget, new, output; or reset, update, new.
        self.input = nn.Linear(sum(self.dims), GATES[cell] * dim)
        self.recurrent = nn.Linear(dim, GATES[cell] * dim, bias=False)

    def fuse(self, features: list[Features]) -> Fused:
        """Concatenate step by step and read to the last step."""
        steps = max(one.tokens.shape[1] for one in features)
        tokens_BTI = torch.cat([pad(one.tokens, (0, 0, 0, steps - one.tokens.shape[1])) for one in features], dim=2)
        real_BT = torch.stack([pad(one.mask, (0, steps - one.mask.shape[1])) for one in features]).any(0)
        order_BT = (~real_BT).byte().argsort(dim=1, stable=True)
        states_BTD = self._read(tokens_BTI.gather(1, order_BT[..., None].expand_as(tokens_BTI)))
        last_B = (real_BT.sum(1) - 1).clamp(min=0)
        state_BD = states_BTD.gather(1, last_B[:, None, None].expand(-1, 1, self.dim))[:, 0]
        return Fused(embedding=state_BD * real_BT.any(1, keepdim=True), weights=None)

    def _read(self, steps_BTI: Tensor) -> Tensor:
        start_1BD = steps_BTI.new_zeros(1, len(steps_BTI), self.dim)
        # One bias is enough; PyTorch's cells have two. The functions compile whole, where the modules don't.
        weights = [self.input.weight, self.recurrent.weight, self.input.bias, torch.zeros_like(self.input.bias)]
        options = (
            True,
            1,
            0.0,
            self.training,
            False,
            True,
        )  # biases, layers, dropout, train, bidirectional, batch first
        if self.cell == "lstm":
            states_BTD: Tensor = torch.lstm(steps_BTI, (start_1BD, start_1BD), weights, *options)[0]
        else:
            states_BTD = torch.gru(steps_BTI, start_1BD, weights, *options)[0]
        return states_BTD
