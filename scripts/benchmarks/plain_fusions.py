"""Every fusion method as one would write it at first, with the weights of ours: what fusion_speed.py compares with.

The same equations, with the modality weights where a method gives some, over the same present modalities and real
tokens, one modality after the other, with PyTorch's own functions: nn.LSTM, scaled_dot_product_attention, softmax over
masked scores. None of our building blocks is used, so a difference of results would show a mistake on one side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fuselab.types import Features

Inputs = list[Features]
Result = Tensor | tuple[Tensor, Tensor]  # with modality weights


def mean(one: Features) -> Tensor:
    """Return the mean over a modality's real tokens."""
    mask = real(one)[..., None].float()
    return (one.tokens * mask).sum(1) / mask.sum(1).clamp(min=1)


def real(one: Features) -> Tensor:
    """Return where a modality has tokens."""
    return one.mask & one.present[:, None]


def zeroed(one: Features) -> Tensor:
    """Return a modality's tokens, zeros where it has none."""
    return torch.where(real(one)[..., None], one.tokens, 0.0)


def presence(features: Inputs) -> Tensor:
    """Return which modalities each sample has."""
    return torch.stack([one.present for one in features], dim=1)


def projected(layers: nn.ModuleList, features: Inputs, missing: float) -> list[Tensor]:
    """Return each modality in the common space."""
    return [torch.where(one.present[:, None], map_(mean(one)), missing) for map_, one in zip(layers, features)]


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Return a softmax over what is there, zeros where nothing is."""
    return torch.nan_to_num(torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1))


def average(parts: list[Tensor], features: Inputs) -> Tensor:
    """Return the mean over the present modalities."""
    there = presence(features).float()[..., None]
    return (torch.stack(parts, dim=1) * there).sum(1) / there.sum(1).clamp(min=1)


# early


def concat(f: Any, x: Inputs) -> Result:
    return f.project(torch.cat([mean(one) for one in x], dim=1))


def add(f: Any, x: Inputs) -> Result:
    return sum(projected(f.project, x, 0.0))


def weighted_sum(f: Any, x: Inputs) -> Result:
    weights = masked_softmax(f.score_M.expand(len(x[0].tokens), -1), presence(x))
    return sum(weights[:, m, None] * one for m, one in enumerate(projected(f.project, x, 0.0))), weights


def largest(f: Any, x: Inputs) -> Result:
    best, winner = torch.stack(projected(f.project, x, -math.inf), dim=1).max(1)
    won = torch.stack([(winner == m).float().mean(1) for m in range(len(x))], dim=1)
    return f.output(torch.where(best.isinf(), 0.0, best)), won * presence(x).any(1, keepdim=True)


def product(f: Any, x: Inputs) -> Result:
    result = 1.0
    for one in projected(f.project, x, 1.0):
        result = result * one
    return result


def gated(f: Any, x: Inputs) -> Result:
    pooled = [mean(one) for one in x]
    gates = torch.sigmoid(f.gate(torch.cat(pooled, dim=1))).chunk(len(x), dim=1)
    gates = [gate * one.present[:, None] for gate, one in zip(gates, x)]
    sizes = torch.stack([gate.mean(1) for gate in gates], dim=1)
    embedding = sum(gate * torch.tanh(map_(vector)) for gate, map_, vector in zip(gates, f.project, pooled))
    return embedding, sizes / sizes.sum(1, keepdim=True).clamp(min=1e-30)


def film(f: Any, x: Inputs) -> Result:
    content, *others = x
    embedding = projected(f.project, [content], 0.0)[0]
    scale, shift = sum(projected(f.generate, others, 0.0)).chunk(2, dim=1)
    return (1 + scale) * embedding + shift


def bilinear(f: Any, x: Inputs) -> Result:
    result = 1.0
    for one in projected(f.project, x, math.inf):
        result = result * torch.tanh(one)
    return f.output(result)


def tensor(f: Any, x: Inputs) -> Result:
    z = [torch.cat([one, torch.ones_like(one[:, :1])], dim=1) for one in projected(f.project, x, 0.0)]
    return f.output(torch.einsum("bi,bj,bk->bijk", *z).flatten(1))


def low_rank_tensor(f: Any, x: Inputs) -> Result:
    result = 1.0
    for factor, one in zip(f.factor, x):
        result = result * factor(mean(one)).view(len(one.tokens), -1, f.dim)
    return result.sum(1) + f.bias_D


def multiplicative(f: Any, x: Inputs) -> Result:
    pooled = [mean(one) for one in x]
    small = [map_(one) for map_, one in zip(f.project, pooled)]
    weights = f.interact[0].weight.view(f.dim, len(f.pairs), small[0].shape[1], small[0].shape[1])
    result = f.linear(torch.cat(pooled, dim=1))
    for pair, (i, j) in enumerate(f.pairs):
        result = result + F.bilinear(small[j], small[i], weights[:, pair])
    return result


def nl_gate(f: Any, x: Inputs) -> Result:
    (content, *others), (own, *maps), gate = x, f.project, f.gate[0]
    here = own(content.tokens) * real(content)[..., None]
    source = torch.cat([map_(one.tokens) for map_, one in zip(maps, others)], dim=1)
    mask = torch.cat([real(one) for one in others], dim=1)
    there = here + gate.output(attend(gate.query(here), gate.key(source), gate.value(source), mask, 1))
    counted = real(content).clone()
    counted[:, 0] |= ~counted.any(1)
    return (there * counted[..., None]).sum(1) / counted.sum(1, keepdim=True)


def mapped(f: Any, x: Inputs) -> Result:
    there = presence(x).float()
    return average([f.shared(one) for one in projected(f.project, x, 0.0)], x), there / there.sum(
        1, keepdim=True
    ).clamp(min=1)


def mmtm(f: Any, x: Inputs) -> Result:
    squeezed = torch.cat([mean(one) for one in x], dim=1)
    return f.output(2 * torch.sigmoid(f.excite(torch.relu(f.squeeze(squeezed)))) * squeezed)


def concat_sequence(f: Any, x: Inputs) -> Result:
    steps = torch.cat([zeroed(one) for one in x], dim=2)
    there = torch.stack([real(one) for one in x]).any(0)
    # Steps that nothing has are taken out, as one packs sequences.
    order = (~there).int().argsort(dim=1, stable=True)
    steps = torch.gather(steps, 1, order[..., None].expand_as(steps))
    states, _ = f.plain(steps)
    last = states[torch.arange(len(steps)), (there.sum(1) - 1).clamp(min=0)]
    return last * there.any(1)[:, None]


def lstm(f: Any) -> nn.LSTM:
    """Return PyTorch's LSTM with the weights of ours."""
    made = nn.LSTM(f.input.in_features, f.dim, batch_first=True).to(f.input.weight.device)
    with torch.no_grad():
        made.weight_ih_l0.copy_(f.input.weight)
        made.weight_hh_l0.copy_(f.recurrent.weight)
        made.bias_ih_l0.copy_(f.input.bias)
        made.bias_hh_l0.zero_()
    return made


# attention


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, heads: int) -> Tensor:
    """Return multi-head attention, zeros where there is nothing to read."""
    q, k, v = (one.unflatten(2, (heads, -1)).transpose(1, 2) for one in (query, key, value))
    some = mask.any(1)
    seen = (mask | ~some[:, None])[:, None, None, :]
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
    return mixed.transpose(1, 2).flatten(2) * some[:, None, None]


def layer(one: Any, target: Tensor, source: Tensor, mask: Tensor) -> Tensor:
    """Return what a pre-norm transformer layer makes of the target's tokens."""
    asks, answers = one.norm(target), one.norm(source)
    target = target + one.mix(attend(one.query(asks), one.key(answers), one.value(answers), mask, one.heads))
    return target + one.feed_forward(target)


def cross(f: Any, x: Inputs) -> Result:
    tokens = [map_(zeroed(one)) for map_, one in zip(f.project, x)]
    normed = [norm(one) for norm, one in zip(f.norm, tokens)]
    pooled = []
    for i, one in enumerate(x):
        read = sum(
            attend(f.query[i](normed[i]), f.key[j](normed[j]), f.value[j](normed[j]), real(other), f.heads)
            for j, other in enumerate(x)
            if j != i
        )
        y = tokens[i] + f.mix[i](read)
        pooled.append(mean(Features(y + f.feed_forward[i](y), one.mask, one.present)))
    return f.output(torch.cat(pooled, dim=1))


def coattention(f: Any, x: Inputs) -> Result:
    tokens = [map_(zeroed(one)) for map_, one in zip(f.project, x)]
    values = [map_(one) * real(there)[..., None] for map_, one, there in zip(f.map, tokens, x)]
    total = 0.0
    for i, one in enumerate(x):
        guide = values[i]
        for j in range(len(x)):
            if i < j:
                similar = torch.tanh(tokens[i] @ f.similarity[f.pairs.index((i, j))] @ tokens[j].transpose(1, 2))
            elif j < i:
                similar = torch.tanh(tokens[j] @ f.similarity[f.pairs.index((j, i))] @ tokens[i].transpose(1, 2)).mT
            else:
                continue
            guide = guide + similar @ values[j]
        share = masked_softmax(f.score[i](torch.tanh(guide))[..., 0], real(one))
        total = total + (share[..., None] * tokens[i]).sum(1)
    return torch.tanh(f.output(total))


def mult(f: Any, x: Inputs) -> Result:
    low = [map_(zeroed(one)) for map_, one in zip(f.project, x)]
    masks = [real(one) for one in x]
    last = []
    for target, sources in enumerate(f.sources):
        translated = []
        for source, layers in zip(sources, f.cross[target]):
            tokens = low[target]
            for one in layers:
                tokens = layer(one, tokens, low[source], masks[source])
            translated.append(tokens)
        tokens = torch.cat(translated, dim=2)
        for one in f.target[target]:
            tokens = layer(one, tokens, tokens, masks[target])
        numbers = torch.arange(tokens.shape[1], device=tokens.device)
        final = (masks[target] * numbers).max(1).values
        rows = torch.arange(len(tokens), device=tokens.device)
        last.append(tokens[rows, final] * masks[target].any(1)[:, None])
    return f.output(torch.cat(last, dim=1))


def transformer(f: Any, x: Inputs) -> Result:
    cls = f.cls_D.expand(len(x[0].tokens), 1, -1)
    tokens = torch.cat(
        [cls] + [map_(zeroed(one)) + f.modality_MD[m] for m, (map_, one) in enumerate(zip(f.project, x))], 1
    )
    mask = torch.cat([torch.ones_like(x[0].present)[:, None]] + [real(one) for one in x], dim=1)
    for one in f.layers:
        tokens = layer(one, tokens, tokens, mask)
    return f.norm(tokens[:, 0])


def bottleneck(f: Any, x: Inputs) -> Result:
    samples = len(x[0].tokens)
    shared = f.bottleneck_FD.expand(samples, -1, -1)
    streams = [
        torch.cat([f.cls_MD[m].expand(samples, 1, -1), map_(zeroed(one))], 1)
        for m, (map_, one) in enumerate(zip(f.project, x))
    ]
    masks = [F.pad(real(one), (1, len(f.bottleneck_FD)), value=True) for one in x]
    for layers in f.layers:
        both = [torch.cat([stream, shared], dim=1) for stream in streams]
        both = [layer(one, tokens, tokens, mask) for one, tokens, mask in zip(layers, both, masks)]
        streams = [tokens[:, : stream.shape[1]] for tokens, stream in zip(both, streams)]
        there = presence(x).float()[:, :, None, None]
        told = torch.stack([tokens[:, stream.shape[1] :] for tokens, stream in zip(both, streams)], dim=1)
        shared = (told * there).sum(1) / there.sum(1).clamp(min=1)
    return average([norm(stream[:, 0]) for norm, stream in zip(f.norm, streams)], x)


def perceiver(f: Any, x: Inputs) -> Result:
    tokens = torch.cat([map_(zeroed(one)) + f.modality_MD[m] for m, (map_, one) in enumerate(zip(f.project, x))], dim=1)
    mask = torch.cat([real(one) for one in x], dim=1)
    latents = f.latents_KD.expand(len(tokens), -1, -1)
    for across, own in zip(f.cross, f.own):
        latents = layer(across, latents, tokens, mask)
        latents = layer(own, latents, latents, torch.ones_like(latents[..., 0], dtype=torch.bool))
    return f.norm(latents.mean(1))


def modality(f: Any, x: Inputs) -> Result:
    vectors = projected(f.project, x, 0.0)
    asked = f.ask(average(vectors, x))
    scores = [f.score(torch.tanh(asked + answer(one))) for answer, one in zip(f.answer, vectors)]
    weights = masked_softmax(torch.cat(scores, dim=1), presence(x))
    return sum(weights[:, m, None] * one for m, one in enumerate(vectors)), weights


def graph(f: Any, x: Inputs) -> Result:
    nodes = torch.stack(projected(f.project, x, 0.0), dim=1)
    there = presence(x)[:, None, None, :]
    for number, one in enumerate(f.layers, start=1):
        heads = one.map(nodes).unflatten(2, one.send_HK.shape).transpose(1, 2)  # (B, H, M, K)
        receive = (heads * one.receive_HK[:, None]).sum(-1)
        send = (heads * one.send_HK[:, None]).sum(-1)
        scores = F.leaky_relu(receive[..., :, None] + send[..., None, :], one.slope)
        shares = masked_softmax(scores, there.expand_as(scores))
        messages = shares @ heads
        nodes = messages.mean(1) if number == len(f.layers) else F.elu(messages.transpose(1, 2).flatten(2))
    return average(list(nodes.unbind(1)), x), average(list(shares.mean(1).unbind(1)), x)


def edge_graph(f: Any, x: Inputs) -> Result:
    nodes = torch.stack(projected(f.project, x, 0.0), dim=1)
    centred = nodes - nodes.mean(2, keepdim=True)
    unit = centred / torch.sqrt(centred.square().sum(2, keepdim=True) + 1e-12)
    there = presence(x).float()
    own = torch.eye(len(x), device=nodes.device)
    edges = (unit @ unit.mT).abs() * there[:, :, None] * there[:, None, :] * (1 - own) + own
    scale = edges.sum(2).rsqrt()
    edges = scale[:, :, None] * edges * (scale * there)[:, None, :]
    for number, one in enumerate(f.layers):
        nodes = edges @ one(torch.relu(nodes) if number else nodes)
    sent = (edges * there[:, :, None]).sum(1)
    return average(list(nodes.unbind(1)), x), sent / sent.sum(1, keepdim=True).clamp(min=1e-30)


def two_stream(f: Any, x: Inputs) -> Result:
    streams = [map_(zeroed(one)) for map_, one in zip(f.project, x)]
    masks = [real(one) for one in x]
    for lateral, own in zip(f.lateral, f.own):
        everyone = list(enumerate(streams))
        streams = [
            layer(
                lateral[m],
                stream,
                torch.cat([other for n, other in everyone if n != m], dim=1),
                torch.cat([mask for n, mask in enumerate(masks) if n != m], dim=1),
            )
            for m, stream in everyone
        ]
        streams = [layer(one, stream, stream, mask) for one, stream, mask in zip(own, streams, masks)]
    pooled = [mean(Features(stream, one.mask, one.present)) for stream, one in zip(streams, x)]
    return f.output(torch.cat(pooled, dim=1))


# late: outputs o, pooled features p and presence of each modality


def mixed(outputs: list[Tensor], scores: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logarithm of a weighted mean of probabilities, uniform without any modality, and the weights."""
    logs = torch.stack([torch.log_softmax(one, dim=1) for one in outputs], dim=1)
    log_weights = torch.log_softmax(absent(scores, present), dim=1)
    return torch.logsumexp(logs + log_weights[..., None], dim=1), log_weights.exp() * present


def absent(scores: Tensor, present: Tensor) -> Tensor:
    """Return scores that take the missing modalities out of a softmax, with finite numbers."""
    return scores.masked_fill(~present, torch.finfo(scores.dtype).min)


def silenced(vectors: list[Tensor], present: Sequence[Tensor]) -> list[Tensor]:
    """Return vectors with zeros where the modality is missing."""
    return [torch.where(there[:, None], one, 0.0) for one, there in zip(vectors, present)]


def late_mean(f: Any, o: list[Tensor], p: list[Tensor], present: Sequence[Tensor]) -> Result:
    there = torch.stack(present, dim=1)
    return mixed(silenced(o, present), torch.zeros(there.shape, device=there.device), there)


def late_weighted(f: Any, o: list[Tensor], p: list[Tensor], present: Sequence[Tensor]) -> Result:
    there = torch.stack(present, dim=1)
    return mixed(silenced(o, present), f.score_M.expand(there.shape), there)


def late_max(f: Any, o: list[Tensor], p: list[Tensor], present: Sequence[Tensor]) -> Result:
    there = torch.stack(present, dim=1)
    logs = torch.stack([torch.log_softmax(one, dim=1) for one in silenced(o, present)], dim=1)
    logs = absent(logs, there[..., None])
    smooth, hard = logs.logsumexp(1), logs.max(1).values
    result = smooth + (hard - smooth).detach()
    return torch.log_softmax(torch.where(there.any(1)[:, None], result, 0.0), dim=1)


def vote(f: Any, o: list[Tensor], p: list[Tensor], present: Sequence[Tensor]) -> Result:
    classes = o[0].shape[1]
    votes = sum(F.one_hot(one.argmax(1), classes) * there[:, None] for one, there in zip(silenced(o, present), present))
    log_mean, weights = late_mean(f, o, p, present)
    voters = torch.stack(present, dim=1).sum(1, keepdim=True)
    share = torch.logaddexp(votes.float().log(), log_mean) - torch.log1p(voters)
    return share + voters * (share - share.detach()), weights


def product_of_experts(f: Any, o: list[Tensor], p: list[Tensor], present: Sequence[Tensor]) -> Result:
    return torch.log_softmax(sum(torch.log_softmax(one, dim=1) for one in silenced(o, present)), dim=1)


def stacking(f: Any, o: list[Tensor], p: list[Tensor], present: Sequence[Tensor]) -> Result:
    finished = zip(silenced(o, present), present)
    read = [torch.softmax(one.detach(), dim=1) * there[:, None] for one, there in finished]
    return torch.log_softmax(f.top(torch.cat(read, dim=1)), dim=1)


def mixture_of_experts(f: Any, o: list[Tensor], p: list[Tensor], present: Sequence[Tensor]) -> Result:
    scores = f.gate(torch.cat(silenced(p, present), dim=1))
    return mixed(silenced(o, present), scores, torch.stack(present, dim=1))


def evidential(f: Any, o: list[Tensor], p: list[Tensor], present: Sequence[Tensor]) -> Result:
    classes = o[0].shape[1]
    evidence = [F.softplus(one) * there[:, None] for one, there in zip(silenced(o, present), present)]
    belief, doubt, alone = torch.zeros_like(evidence[0]), torch.ones_like(evidence[0][:, :1]), []
    for one in evidence:  # Dempster's rule, as the paper writes it
        strength = one.sum(1, keepdim=True) + classes
        b, u = one / strength, classes / strength
        agreed = belief * b
        conflict = belief.sum(1, keepdim=True) * b.sum(1, keepdim=True) - agreed.sum(1, keepdim=True)
        belief = (agreed + belief * u + b * doubt) / (1 - conflict)
        doubt = doubt * u / (1 - conflict)
        alone.append(1 - u)
    alpha = belief * classes / doubt + 1
    sure = torch.cat(alone, dim=1)
    return torch.log(alpha / alpha.sum(1, keepdim=True)), sure / sure.sum(1, keepdim=True).clamp(min=1e-30)


def uncertainty(f: Any, o: list[Tensor], p: list[Tensor], present: Sequence[Tensor]) -> Result:
    there = torch.stack(present, dim=1)
    precision = torch.cat([map_(one).exp() for map_, one in zip(f.log_precision, silenced(p, present))], dim=1) * there
    total = precision.sum(1, keepdim=True).clamp(min=1e-30)
    shares = precision / total
    centre = sum(shares[:, m, None] * one for m, one in enumerate(silenced(o, present)))
    return torch.log_softmax(centre / torch.sqrt(1 + math.pi / 8 / total), dim=1), shares


FEATURES: dict[str, Callable[[Any, Inputs], Result]] = {
    "early/bilinear": bilinear,
    "early/concat": concat,
    "early/concat_sequence": concat_sequence,
    "early/film": film,
    "early/gated": gated,
    "early/low_rank_tensor": low_rank_tensor,
    "early/mapped": mapped,
    "early/max": largest,
    "early/mmtm": mmtm,
    "early/multiplicative": multiplicative,
    "early/nl_gate": nl_gate,
    "early/product": product,
    "early/sum": add,
    "early/tensor": tensor,
    "early/weighted_sum": weighted_sum,
    "attention/bottleneck": bottleneck,
    "attention/coattention": coattention,
    "attention/cross": cross,
    "attention/edge_graph": edge_graph,
    "attention/graph": graph,
    "attention/modality": modality,
    "attention/mult": mult,
    "attention/perceiver": perceiver,
    "attention/transformer": transformer,
    "attention/two_stream": two_stream,
}
DECISIONS: dict[str, Callable[[Any, list[Tensor], list[Tensor], Sequence[Tensor]], Result]] = {
    "late/evidential": evidential,
    "late/max": late_max,
    "late/mean": late_mean,
    "late/mixture_of_experts": mixture_of_experts,
    "late/product_of_experts": product_of_experts,
    "late/stacking": stacking,
    "late/uncertainty": uncertainty,
    "late/vote": vote,
    "late/weighted": late_weighted,
}
