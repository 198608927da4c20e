from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from fuselab.errors import ConfigError
from fuselab.runs.catalog import groups, options
from fuselab.runs.conf import conf_folder
from fuselab.runs.overrides import check_overrides

from ..conf.small import OF_HIS_DATA, choose, overrides


def refused(line: str, message: str, **how: object) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        check_overrides(shlex.split(line), **how)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def write(folder: Path, name: str, text: str) -> None:
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "my configs"
    write(
        folder,
        "fusion/early/mine",
        "# Mine.\n_target_: fuselab.fusion.early.concat.Concat\nmodalities: ${data.modalities}\ndim: 3\nmine: 1\n",
    )
    write(
        folder, "sweep/mine", "# @package _global_\nhydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n      sed: 0,1\n"
    )
    return folder


@pytest.mark.parametrize(
    "line",
    [
        "",
        "seed=1 optimizer.lr=1 trainer.max_epochs=2 name=3 progress=false",
        "optimizer.lr=null threads=4 optimizer.weight_decay=1e-3",
        "width=${seed} seed=${data.batch_size}",
        "name='\"a b\"' 'output_dir=/tmp/x y'",
        "fusion=late/mean head=linear trainer=gpu launcher=joblib scheduler=constant",
        "encoder/text=gru encoder.text.layers=2",
        "trainer=ddp trainer.devices=[0,1]",
        "trainer.devices=auto trainer.precision=32 trainer.deterministic=warn",
        "~optimizer.weight_decay ~callbacks.early_stopping",
        "~scheduler",
        "callbacks.early_stopping=null",
        "+optimizer.betas=[0.9,0.99] +trainer.limit_train_batches=2 +trainer.limit_val_batches=2 +note=x",
        "+trainer.min_epochs=1",
        "++seed=1 ++foo.bar=2 ++sed=1",
        "+threads=2",
        "optimizer={lr:0.1} 'data.source.mix={redundant: 0.3}'",
        "data.modalities=[audio,image]",
        "data.modalities.0=audio data.modalities.1=image",
        "hydra.mode=RUN hydra.run.dir=/tmp/x hydra.verbose=true +hydra.job.env_set.A=1",
        "hydra/launcher=joblib hydra.launcher.n_jobs=2",
        "launcher=joblib hydra.launcher.n_jobs=2",
        "retries=2 retry_delay=0.5 dry_run=true test=false",
        "hydra.mode=MULTIRUN seed=0,1",
        "+sweep=demo",
        "+sweep=demo launcher=joblib trainer.max_epochs=1 seed=0,1,2,3",
        "+sweep=demo fusion=late/mean,late/vote fusion.space=logit",
        "callbacks=[default]",
        "fusion._target_=mine.F ++trusted=[mine]",
    ],
)
def test_a_legal_command_line_passes(line: str):
    check_overrides(shlex.split(line))


@pytest.mark.parametrize(
    "line",
    [
        "seed=0,1,2 fusion=early/concat,late/mean",
        "seed=range(0,1000000000)",
        "sweeper=fair fusion=early/concat,late/mean optimizer.lr=interval(0.001,0.1)",
        "optimizer.lr=choice(1,0.1) optimizer.weight_decay=range(0.1,1,0.1)",
        "sweeper=fair fusion=late/mean,late/vote optimizer.lr=tag(log,interval(0.001,0.1)) width=int(interval(16,64))",
        "seed=shuffle(range(3)) width=sort(64,32)",
        "encoder/text=gru,transformer encoder.text.layers=1,2",
        "fusion=attention/cross,attention/transformer fusion.heads=2,4",
        "data.modalities=[image],[audio,image]",
        "optimizer={lr:0.1},{lr:0.2}",
        "head=glob(*)",
        "fusion=glob(late/*)",
        "callbacks=[default],default",
        "seed=1",
    ],
)
def test_a_legal_sweep_passes(line: str):
    check_overrides(shlex.split(line), multirun=True)


FOUND = [(group, one.name) for group in groups([conf_folder()]) for one in options(group, [conf_folder()])]
# How a report looks is no part of a run.
EVERY_OPTION = [one for one in FOUND if not "/".join(one).startswith((*OF_HIS_DATA, "report/"))]
# What goes with other data than the default ones is chosen together with them.
WITH_ITS_DATA = ("data/", "encoder/vector/", "encoder/sequence/", "fusion/unimodal/video", "stream/", "transform/")


@pytest.mark.parametrize(
    ("group", "option"), [one for one in EVERY_OPTION if not "/".join(one).startswith(OF_HIS_DATA)]
)
def test_every_option_of_ours_passes(group: str, option: str, tmp_path: Path):
    name = f"{group}/{option}"
    check_overrides(overrides(name, tmp_path) if name.startswith(WITH_ITS_DATA) else [choose(name)])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        # not an override
        ("seed", r"the override \(seed\) must be written KEY=VALUE; Hydra says: missing EQUAL"),
        ("seed==3", r"the override \(seed==3\) must be written KEY=VALUE; .*quotes"),
        ("data.modalities[0]=x", r"\(data\.modalities\[0\]=x\) must be written"),
        ("seed=f(2)", r"must be written KEY=VALUE; Hydra says: .*'f\(2\)'"),
        # unknown keys
        ("optimzer.lr=1", r"optimzer\.lr \(1\) must be a key of the config; did you mean 'optimizer\.lr'\?"),
        ("optimizer.l=1", r"did you mean 'optimizer\.lr'\?"),
        ("sed=1", r"sed \(1\) must be a key or a group of the config; did you mean 'seed'\?"),
        ("lr=1", r"did you mean 'optimizer\.lr'\?"),
        ("epochs=1", r"did you mean 'trainer\.max_epochs'\?"),
        ("dim=1", r"did you mean 'encoder\.image\.dim' or 'encoder\.audio\.dim' or 'encoder\.text\.dim'\?"),
        ("seed.x=1", r"seed\.x \(1\) must be a key .*did you mean 'seed'\?"),
        ("data.modalities.9=x", r"data\.modalities\.9 \(x\) must be a key"),
        ("xyzzy=1", r"xyzzy \(1\) must be a key or a group of the config; add a new one with \+xyzzy=1"),
        ("optimizer.betas=[1]", r"optimizer has _target_, lr, .*add a new one with \+optimizer\.betas=\[1\]"),
        ("fusion.heads=2", r"fusion has _target_, modalities, dim; add a new one with \+fusion\.heads=2"),
        ("optimizer={l:1}", r"optimizer\.l \(1\) must be a key of the config; did you mean 'optimizer\.lr'\?"),
        ("hydra.mod=RUN", r"did you mean 'hydra\.mode'\?"),
        ("~sed", r"~sed must drop a key that the config has; write ~seed or leave it out"),
        ("~seed=3", r"~seed \(3\) must be the value that is there \(0\); write ~seed"),
        # additions that are none
        ("+sed=1", r"\+sed \(1\) must be a new key; did you mean 'seed'\? If not, write \+\+sed=1"),
        ("+optimzer.lr=1", r"\+optimzer\.lr \(1\) must be a new key; did you mean 'optimizer\.lr'\?"),
        ("+swep=demo", r"\+swep \(demo\) must be a new key; did you mean '\+sweep'\?"),
        ("+seed=1", r"\+seed \(1\) must be a new key; change the one that is there with seed=1"),
        # groups and options
        ("fuson=early/concat", r"fuson \(early/concat\) must be .*did you mean 'fusion'\?"),
        ("swep=demo", r"did you mean '\+sweep'\?"),
        ("encodr/text=gru", r"encodr/text=gru must name a group of conf; choose one of: encoder/text$"),
        ("+encoder/txt=gru", r"choose one of: encoder/text$"),
        (
            "fusion=early/concatt",
            r"fusion \(early/concatt\) must .*did you mean 'early/concat'\? all: fuselab list fusion",
        ),
        ("fusion=concat", r"fusion \(concat\) must be an option of its group; did you mean 'early/concat'\?"),
        ("head=xyz", r"head \(xyz\) must be an option of its group; choose one of: linear, mlp$"),
        ("callbacks=[default,defalt]", r"callbacks \(defalt\) must .*did you mean 'default'\?"),
        ("+sweep=dmo", r"sweep \(dmo\) must be an option of its group; did you mean 'demo'\?"),
        (
            "hydra/launcher=slurm",
            r"hydra/launcher \(slurm\) must be .*choose one of: basic, fuselab_ray, fuselab_submitit, joblib",
        ),
        ("fusion=null", r"fusion \(null\) must be an option of its group; leave the group out with ~fusion"),
        ("fusion=3", r"fusion \(3\) must be an option"),
        ("report=paper", r"report=paper must not be part of a run; .*: fuselab report SWEEP report=paper"),
        ("+report=paper", r"^report=paper must not be part of a run"),
        ("sweep=demo", r"sweep=demo must be added, because the defaults have no sweep; write \+sweep=demo"),
        ("seed=1 head=linear sweep=demo fusion=late/mean", r"sweep=demo must be added"),
        ("+fusion=late/mean", r"\+fusion=late/mean must change a group that is there.*write fusion=late/mean"),
        ("~sweep", r"~sweep must leave out a group that is there"),
        ("~fusion=late/vote", r"~fusion=late/vote must compose; Hydra says: Could not delete"),
        ("encoder=text/gru", r"encoder=text/gru must choose for one of encoder/audio, encoder/image, encoder/text"),
        ("encoder.text=gru", r"encoder\.text \(gru\) must be a mapping; choose an option with encoder/text=…"),
        # kinds of values
        ("seed=abc", r"seed \(abc\) must be a whole number; its default is 0"),
        ("seed='\"5\"'", r"seed \(\"5\"\) must be a whole number"),
        ("trainer.max_epochs=ten", r"trainer\.max_epochs \(ten\) must be a whole number; its default is \d+"),
        ("trainer.max_epochs=1.5", r"trainer\.max_epochs \(1\.5\) must be a whole number"),
        ("optimizer.lr=fast", r"optimizer\.lr \(fast\) must be a number; its default is \d"),
        ("optimizer.lr=true", r"optimizer\.lr \(true\) must be a number"),
        ("progress=1", r"progress \(1\) must be true or false; its default is true"),
        ("name=true", r"name \(true\) must be text; its default is 'trio_digits'; .*name=\"'true'\""),
        ("name=[a]", r"name \(\[a\]\) must be text"),
        ("fusion.dim=a", r"fusion\.dim \(a\) must be a whole number; its default is \d+"),
        (
            "data.source.mix=3",
            r"data\.source\.mix \(3\) must be a mapping; set one of its keys: data\.source\.mix\.unique",
        ),
        ("data.source.mix=[1]", r"data\.source\.mix \(\[1\]\) must be a mapping"),
        ("data.modalities=image", r"data\.modalities \(image\) must be a list; write data\.modalities=\[image\]"),
        ("seed={a:1}", r"seed \(\{a:1\}\) must be a whole number"),
        ("data.source.mix.redundant=[1]", r"data\.source\.mix\.redundant \(\[1\]\) must be a number"),
        ("optimizer={lr:fast}", r"optimizer\.lr \(fast\) must be a number"),
        ("hydra.mode=FOO", r"hydra\.mode \(FOO\) must be a value that Hydra takes; it says: Invalid value 'FOO'"),
        ("+hydra.job.config_name.x=1", r"hydra\.job\.config_name\.x .*must be a value that Hydra takes"),
        # a sweep in a single run
        ("seed=0,1", r"seed \(0,1\) must be one value in a single run; add -m to sweep$"),
        ("fusion=early/concat,late/mean", r"fusion \(early/concat,late/mean\) must be one value .*add -m to sweep$"),
        ("data.modalities=image,text", r"add -m to sweep, or write data\.modalities=\[image,text\] for a list"),
        ("seed=range(3)", r"seed \(range\(3\)\) must be one value in a single run; add -m"),
        ("hydra.searchpath=x", r"hydra\.searchpath=x must be a list of folders"),
        # a composed config that can't be run
        ("monitor.metric=test/accuracy", r"monitor\.metric \(test/accuracy\) must not be a test metric"),
        ("fusion.modalities=[image,smell]", r"fusion\.modalities \(smell\) must be modalities of the data"),
        ("seed=-1", r"seed \(-1\) must be a whole number of at least 0"),
        ("fusion._target_=mine.F", r"fusion\._target_ \(mine\.F\) must come from a known package.*trusted=\[mine\]"),
        ("width=${wdith}", r"width must refer to a key of the config; Interpolation key 'wdith' not found"),
        ("data.name=???", r"data\.name \(\?\?\?\) must be given; add data\.name=VALUE"),
    ],
)
def test_a_wrong_command_line_is_refused(line: str, message: str):
    refused(line, message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("seed=0,a", r"seed \(a\) must be a whole number"),
        ("seed=0,-1", r"seed \(-1\) must be a whole number of at least 0"),
        ("seed=choice(1,2.5)", r"seed \(2\.5\) must be a whole number"),
        ("seed=range(0,3,0.5)", r"seed \(0\.0\) must be a whole number"),
        ("seed=interval(0,3)", r"seed \(interval\(0,3\)\) must list its values in a grid; write seed=1,2,3, or let"),
        ("seed=range(3,1)", r"seed=range\(3,1\) must stand for at least one value"),
        ("seed=range(0,3,0)", r"must stand for at least one value"),
        ("data.modalities=image,text", r"data\.modalities \(image\) must be a list"),
        ("data.modalities=[image],[smell] fusion.modalities=[image]", None),
        ("data.modalities.0=image,audio", r"data\.modalities \(audio, audio, text\) must name each modality once"),
        (
            "fusion=early/concat,late/men",
            r"fusion \(late/men\) must be an option of its group; did you mean 'late/mean'",
        ),
        ("fusion=glob(lat/*)", r"fusion=glob\(lat/\*\) must stand for at least one value; .*fuselab list fusion"),
        (
            "fusion=early/concat,attention/cross fusion.heads=4",
            r"with fusion=early/concat: fusion\.heads \(4\) must be",
        ),
        (
            "fusion=attention/cross,early/concat fusion.heads=4",
            r"with fusion=early/concat: fusion\.heads \(4\) must be",
        ),
        ("encoder/text=transformer,gru encoder.text.heads=2", r"with encoder/text=gru: encoder\.text\.heads"),
        ("monitor.metric=val/loss,test/loss", r"monitor\.metric \(test/loss\) must not be a test metric"),
        ("hydra.verbose=true,false", r"hydra\.verbose \(true,false\) must be one value: Hydra can't sweep its own"),
        ("+sweep=demo fusion.dropout=0.2", r"with fusion=unimodal/image: fusion\.dropout \(0\.2\) must be a key"),
        ("+sweep=demo sed=1", r"sed \(1\) must be .*'seed'"),
    ],
)
def test_a_wrong_sweep_is_refused(line: str, message: str | None):
    if message is None:
        check_overrides([one for one in line.split() if "smell" not in one], multirun=True)
        message = r"fusion\.modalities \(image\) must be modalities of the data"
    refused(line, message, multirun=True)


def test_a_users_folder_is_searched(mine: Path):
    check_overrides(["fusion=early/mine", "fusion.mine=2"], config_dir=mine)
    check_overrides(["fusion=early/mine,late/mean"], config_dir=mine, multirun=True)
    refused("fusion=early/mien", r"did you mean 'early/mine'\?", config_dir=mine)
    refused("fusion=early/mine", r"fusion \(early/mine\) must be an option")


def test_a_sweep_file_is_checked_too(mine: Path):
    refused("+sweep=mine", r"sed \(0,1\) must be a key .*did you mean 'seed'\?", config_dir=mine)
    write(
        mine, "sweep/mine", "# @package _global_\nhydra:\n  sweeper:\n    params:\n      fusion: late/men,late/mean\n"
    )
    refused("+sweep=mine", r"fusion \(late/men\) must be an option", config_dir=mine, multirun=True)
    check_overrides(["+sweep=mine", "fusion=late/vote"], config_dir=mine, multirun=True)


def test_hydras_own_search_path_is_searched(mine: Path):
    check_overrides([f"hydra.searchpath=['file://{mine}']", "fusion=early/mine"])
    check_overrides([f"hydra.searchpath=['{mine}']", "fusion=early/mine"])
    check_overrides(["hydra.searchpath=[pkg://hydra.conf]", "fusion=late/mean"])


def test_a_root_config_of_the_users_own(mine: Path, tmp_path: Path):
    other = tmp_path / "other"
    write(other, "head/other", "# Other.\n_target_: fuselab.heads.linear.Linear\noutputs: 3\n")
    write(
        mine,
        "root",
        f"defaults:\n  - train\n  - _self_\nown: 1\nhydra:\n  searchpath: ['file://{other}']\n",
    )
    check_overrides(["own=2", "head=other", "fusion=early/mine"], config_dir=mine, config_name="root")
    # The command line's search path replaces the file's, as it does in Hydra.
    refused(
        f"'hydra.searchpath=[\"file://{mine}\"]' head=other", "head .other. must", config_dir=mine, config_name="root"
    )
    refused("owm=2", r"did you mean 'own'\?", config_dir=mine, config_name="root")
    refused(
        "", r"the root config \(rot\) must be a YAML of conf; did you mean 'root'\?", config_dir=mine, config_name="rot"
    )


def test_a_value_known_only_in_a_job_may_be_referred_to(mine: Path):
    write(mine, "head/where", "# Where.\n_target_: fuselab.X\na: ${hydra:runtime.output_dir}\nb: ${hydra:job.num}\n")
    check_overrides(["head=where"], config_dir=mine)


def test_a_missing_folder_is_said(tmp_path: Path):
    refused("", r"the config folder \(.*nothing\) must exist", config_dir=tmp_path / "nothing")


def test_an_empty_group_is_said(mine: Path):
    (mine / "zoo").mkdir()
    refused("+zoo=a", r"zoo \(a\) must be an option of its group, which has none; write zoo/a\.yaml", config_dir=mine)


def test_a_yaml_that_hydra_cannot_load_is_said(mine: Path):
    write(mine, "head/odd", "defaults:\n  - nothing_here\n")
    refused("head=odd", r"head=odd must compose; Hydra says: .*nothing_here", config_dir=mine)
    write(mine, "zoo/odd", "defaults:\n  - nothing_here\n")
    refused("+zoo=odd", r"\+zoo=odd must compose; Hydra says: .*nothing_here", config_dir=mine)


@pytest.mark.parametrize("line", ["seed=1", "sed=1", "fusion=x"])
def test_hydra_is_left_as_if_it_had_never_been_opened(line: str):
    with contextlib.suppress(ConfigError):
        check_overrides([line])
    assert not GlobalHydra.instance().is_initialized()
    assert not HydraConfig.initialized()


def test_nothing_heavy_is_imported():
    code = (
        "import sys\nfrom fuselab.runs.overrides import check_overrides\ncheck_overrides(['fusion=late/mean'])\n"
        "print(sorted({'torch', 'pytorch_lightning', 'pandas', 'numpy', 'wandb'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
