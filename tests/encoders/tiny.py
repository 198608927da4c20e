"""Pretrained models of two layers and a few hundred numbers, drawn here and saved as their libraries save them."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import torch

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *"abcdefghijklmnopqrstuvwxyz?",
    *(f"##{one}" for one in "abcdefghijklmnopqrstuvwxyz"),
]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
# A frame of 20 samples every 10.
WINDOWS = [(8, 10, 5), (8, 3, 2)]


@functools.cache
def root() -> Path:
    return Path(tempfile.mkdtemp(prefix="tiny-"))


def bert(folder: Path, *, vocab_size: int = len(WORDS), seed: int = 0, **changes: Any) -> Path:
    """A BERT with its tokenizer."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(seed)
    sizes = SIZES | {"max_position_embeddings": 64} | changes
    BertModel(BertConfig(vocab_size=vocab_size, **sizes)).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def vit(folder: Path, *, seed: int = 0, **changes: Any) -> Path:
    """A ViT with its processor: pictures of 16, four patches and a class token."""
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    torch.manual_seed(seed)
    ViTModel(ViTConfig(image_size=16, patch_size=8, **(SIZES | changes))).save_pretrained(folder)
    ViTImageProcessor(size={"height": 16, "width": 16}, image_mean=[0.4] * 3, image_std=[0.3] * 3).save_pretrained(
        folder
    )
    return folder


def wav2vec2(folder: Path, *, norm: str = "layer", seed: int = 0, **changes: Any) -> Path:
    """A wav2vec 2.0 with its extractor, at 16 kHz."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(seed)
    config = Wav2Vec2Config(
        conv_dim=tuple(dim for dim, _, _ in WINDOWS),
        conv_kernel=tuple(length for _, length, _ in WINDOWS),
        conv_stride=tuple(stride for _, _, stride in WINDOWS),
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        feat_extract_norm=norm,
        do_stable_layer_norm=norm == "layer",
        attention_dropout=0.0,
        **(SIZES | changes),
    )
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True).save_pretrained(folder)
    return folder


def timm(folder: Path, *, architecture: str = "vit_tiny_patch16_224", seed: int = 0, **changes: Any) -> Path:
    """A model of timm, as it lies on the hub."""
    import timm as library

    torch.manual_seed(seed)
    args = {"img_size": 32, "patch_size": 16, "embed_dim": 16, "depth": 2, "num_heads": 2}
    args = (args if architecture.startswith("vit") else {}) | changes
    module = library.create_model(architecture, pretrained=False, num_classes=3, **args)
    module.pretrained_cfg["input_size"] = (3, 32, 32)
    library.models.save_for_hf(module, str(folder), model_args=args, safe_serialization=True)
    return folder


def resnet(folder: Path, *, model: str = "resnet18", seed: int = 0) -> Path:
    """A file of a ResNet's state dict, as torchvision's are."""
    from torchvision.models import get_model

    torch.manual_seed(seed)
    file = folder / f"{model}.pth"
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(get_model(model, weights=None).state_dict(), file)
    return file


def bundle(folder: Path, *, norm: str = "group_norm", seed: int = 0, name: str = "TINY") -> Path:
    """A bundle of torchaudio's own class, among its pipelines, and a file of its state dict."""
    from torchaudio import pipelines
    from torchaudio.models import wav2vec2_model

    params = {
        "extractor_mode": norm,
        "extractor_conv_layer_config": WINDOWS,
        "extractor_conv_bias": False,
        "encoder_embed_dim": 16,
        "encoder_projection_dropout": 0.0,
        "encoder_pos_conv_kernel": 4,
        "encoder_pos_conv_groups": 2,
        "encoder_num_layers": 2,
        "encoder_num_heads": 2,
        "encoder_attention_dropout": 0.0,
        "encoder_ff_interm_features": 24,
        "encoder_ff_interm_dropout": 0.1,
        "encoder_dropout": 0.1,
        "encoder_layer_norm_first": norm == "layer_norm",
        "encoder_layer_drop": 0.1,
        "aux_num_out": None,
    }
    setattr(pipelines, name, pipelines.Wav2Vec2Bundle(f"{name}.pth", params, 16000, norm == "layer_norm", "Wav2Vec2"))
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(wav2vec2_model(**params).state_dict(), folder / f"{name}.pth")
    return folder / f"{name}.pth"


@functools.cache
def chosen(option: str, *, vocab_size: int = len(WORDS)) -> dict[str, Any]:
    """Return what an option of conf/encoder must be told to read a tiny model instead of its own; none for others."""
    folder = root() / option / str(vocab_size)
    if option == "text/hf":
        return {"model": str(bert(folder, vocab_size=vocab_size))}
    if option == "image/hf":
        return {"model": str(vit(folder))}
    if option == "image/timm":
        return {"model": str(timm(folder))}
    if option == "image/torchvision":
        return {"weights": str(resnet(folder)), "size": 32}
    if option == "audio/hf":
        return {"model": str(wav2vec2(folder))}
    if option == "audio/torchaudio_bundle":
        # Of the kind that can be trained on padded clips too.
        return {"model": "TINY", "weights": str(bundle(folder, norm="layer_norm"))}
    return {}
