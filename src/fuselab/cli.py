"""The command line: ``fuselab COMMAND``. Heavy imports wait until a command needs them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fuselab.errors import ConfigError, exit_code

if TYPE_CHECKING:
    from fuselab.reports.layout import Layout

_TRAIN_HELP = "train one run, or a sweep with -m: GROUP=OPTION KEY=VALUE …, as Hydra takes them"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: the command line without the program's name
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    if given[:1] in (["train"], ["demo"]) and given[1:] not in (["-h"], ["--help"]):
        # What follows is Hydra's, flags included.
        options = argparse.Namespace(command=_train if given[0] == "train" else _demo, rest=given[1:])
    else:
        options, more = parser.parse_known_args(given)
        # argparse takes no overrides behind a flag; a user may well write them there.
        if more and not (hasattr(options, "rest") and all("=" in one and one[0] != "-" for one in more)):
            parser.error(f"unrecognized arguments: {' '.join(more)}")
        if more:
            options.rest += more
    return exit_code(lambda: int(options.command(options)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fuselab", description="Which way of fusing modalities is better on this data, by how much, at what cost?"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    train = commands.add_parser("train", help=_TRAIN_HELP, description=_TRAIN_HELP, add_help=True)
    train.add_argument("rest", nargs="*", metavar="OVERRIDE", help="such as fusion=late/mean seed=1")
    train.set_defaults(command=_train)

    demo = commands.add_parser("demo", help="compare three baselines and eight fusions on trio_digits, in minutes")
    demo.add_argument("rest", nargs="*", metavar="OVERRIDE", help="such as trainer.max_epochs=1")
    demo.set_defaults(command=_demo)

    status = commands.add_parser("status", help="watch a sweep, whatever launched it")
    _add_sweep(status)
    status.add_argument("--once", action="store_true", help="print the state and leave")
    status.set_defaults(command=_status)

    report = commands.add_parser("report", help="make tables, statistics, figures and a page of one sweep or several")
    report.add_argument(
        "rest",
        nargs="+",
        metavar="SWEEP|KEY=VALUE",
        help="folders of sweeps, or their names below outputs/; and what to change in the layout, such as report=paper "
        "or digits=2 (`fuselab list report`, conf/report/full.yaml)",
    )
    report.add_argument("--output-dir", type=Path, default=Path("outputs"), help="where names are looked up")
    report.add_argument("--config-dir", type=Path, help="a config folder of your own, searched too")
    report.add_argument("--split", choices=("test", "val"), default="test", help="whose metrics (default: test)")
    report.add_argument("--against", metavar="SWEEP", help="say what changed since an earlier sweep of these methods")
    report.add_argument("--out", type=Path, help="folder for the files (default: SWEEP/report, or beside several)")
    report.add_argument("--log", choices=("wandb",), help="log the report as a run of the sweep's group there too")
    _add_statistics(report)
    report.set_defaults(command=_report)

    sync = commands.add_parser("sync", help="upload a sweep's offline runs to W&B")
    _add_sweep(sync)
    sync.add_argument("--dry-run", action="store_true", help="say what would be uploaded")
    sync.set_defaults(command=_sync)

    options = commands.add_parser("list", help="list the options of a config group, such as fusion or encoder/text")
    options.add_argument("group", nargs="?", help="without it: the groups")
    options.add_argument("--config-dir", type=Path, help="a config folder of your own, searched too")
    options.set_defaults(command=_list)

    doctor = commands.add_parser("doctor", help="examine data: broken files, leakage between splits, classes, lengths")
    doctor.add_argument("rest", nargs="*", metavar="OVERRIDE", help="such as data=manifest data.source.file=people.csv")
    doctor.add_argument("--config-dir", type=Path, help="a config folder of your own, searched too")
    doctor.add_argument("--html", type=Path, help="write a page too")
    doctor.set_defaults(command=_doctor)

    card = commands.add_parser("datacard", help="show samples of the data as a page: picture, sound, question, answer")
    card.add_argument("rest", nargs="*", metavar="OVERRIDE", help="such as data.source.image_noise=0.3")
    card.add_argument("--out", type=Path, default=Path("outputs/datacard.html"), help="the page")
    card.set_defaults(command=_datacard)
    return parser


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sweep", help="a sweep's folder, or its name below outputs/")
    parser.add_argument("--output-dir", type=Path, default=Path("outputs"), help="where names are looked up")


def _add_statistics(parser: argparse.ArgumentParser) -> None:
    """Add short forms of `statistics.KEY=VALUE`."""
    parser.add_argument("--baseline", metavar="METHOD", help="compare every method with this one too")
    parser.add_argument(
        "--test",
        choices=("crossed", "t", "wilcoxon"),
        help="whether a difference would be there for other seeds and test samples (crossed, the default), or for "
        "other seeds alone (t, wilcoxon)",
    )
    parser.add_argument("--alpha", type=float, help="share of false claims put up with (default: 0.05)")
    parser.add_argument(
        "--correction", choices=("holm", "benjamini_hochberg"), help="for many comparisons (default: holm)"
    )


def _train(options: argparse.Namespace) -> int:
    from fuselab.train import main as train

    return train(options.rest)


def _demo(options: argparse.Namespace) -> int:
    code = _train(argparse.Namespace(rest=["+sweep=demo", "launcher=joblib", *options.rest]))
    from fuselab.sweeps import OUTCOME

    if OUTCOME.folder is not None and not OUTCOME.unfinished():
        _report(_parser().parse_args(["report", str(OUTCOME.folder)]))
    return code


def _status(options: argparse.Namespace) -> int:
    from fuselab.runs.folder import find_sweep
    from fuselab.runs.live import watch

    seen = watch(find_sweep(options.sweep, output_dir=options.output_dir), interval=1.0, once=options.once)
    return 1 if seen.failed else 0


def _report(options: argparse.Namespace) -> int:
    from rich.console import Console

    from fuselab.reports.across import compare_across
    from fuselab.reports.against import compare_all, in_terminal, write_tables
    from fuselab.reports.load import load
    from fuselab.reports.report import report_all
    from fuselab.reports.terminal import rich_table
    from fuselab.reports.write import default_folder, write_all
    from fuselab.runs.folder import find_sweep

    sweeps, layout = _asked(options)
    folder = options.out or default_folder(sweeps, split=options.split)
    made = report_all(load(*sweeps, split=options.split), split=options.split, layout=layout)
    across = compare_across(made) if len(made) > 1 else None
    console = Console()
    for one in made:
        console.print(one.rich(console))
    if across is not None:
        console.print(rich_table(across.in_terminal(), console=console))
    shown = write_all(made, across, folder)
    if options.against is not None:
        earlier = load(find_sweep(options.against, output_dir=options.output_dir), split=options.split)
        before = report_all(earlier, split=options.split, layout=layout)
        changed = compare_all(made, before, settings=layout.statistics)
        for table in changed:
            console.print(rich_table(in_terminal(table), console=console))
        shown.append(write_tables(changed, folder / "against.md"))
    for path in shown:
        console.print(str(path), highlight=False, soft_wrap=True)
    if options.log is not None:
        from fuselab.runs.report_log import log_report, project_of

        place = default_folder(sweeps, split=options.split)
        logged = log_report(folder, place=place, project=project_of(sweeps[0]), split=options.split)
        console.print(logged, highlight=False, soft_wrap=True)
    return 0


def _asked(options: argparse.Namespace) -> tuple[list[Path], Layout]:
    """Return the sweeps that a report is asked of, and how it shall look."""
    from fuselab.reports.layout import read_layout
    from fuselab.runs.folder import find_sweep

    given = {key: getattr(options, key) for key in ("baseline", "test", "alpha", "correction")}
    changes = [one for one in options.rest if "=" in one and not Path(one).exists()]
    names = [one for one in options.rest if one not in changes]
    if not names:
        raise ConfigError(f"the command line ({' '.join(options.rest)}) must name a sweep; such as fuselab report demo")
    sweeps = [find_sweep(one, output_dir=options.output_dir) for one in names]
    statistics = {key: value for key, value in given.items() if value is not None}
    return sweeps, read_layout(changes, config_dir=options.config_dir, **statistics)


def _sync(options: argparse.Namespace) -> int:
    from fuselab.runs.folder import find_sweep
    from fuselab.runs.sync import sync

    return sync(find_sweep(options.sweep, output_dir=options.output_dir), dry_run=options.dry_run)


def _list(options: argparse.Namespace) -> int:
    from rich.console import Console

    from fuselab.runs.catalog import groups, render, render_methods
    from fuselab.runs.catalog import options as find
    from fuselab.runs.conf import conf_folder

    folders = [conf_folder(), *([options.config_dir] if options.config_dir else [])]
    console = Console()
    if options.group is None:
        for group in groups(folders):
            console.print(group, highlight=False)
    else:
        found = find(options.group, folders)
        console.print(render_methods(found) if options.group == "fusion" else render(found))
        if options.group == "fusion":
            console.print("parameters and FLOPs of the fusion alone, one sample, default widths, tokens of trio_digits")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from rich.console import Console

    from fuselab.data.doctor.examine import examine
    from fuselab.data.doctor.show import page, render
    from fuselab.instantiate import instantiate
    from fuselab.runs.overrides import check_overrides

    config = check_overrides(options.rest, config_dir=options.config_dir).config
    source = config["data"]["source"]
    # All that can't be used is to be seen, not the first of it.
    lenient = {"on_error": "missing"} if source.get("on_error") == "raise" else {}
    data = instantiate({**source, **lenient}).load()
    examined = examine(data)
    console = Console()
    console.print(render(examined))
    if options.html is not None:
        options.html.parent.mkdir(parents=True, exist_ok=True)
        options.html.write_text(page(examined, title=f"{data.name}: what the doctor found"), encoding="utf-8")
        console.print(str(options.html), highlight=False, soft_wrap=True)
    return 1 if any(one.level == "error" for one in examined.findings) else 0


def _datacard(options: argparse.Namespace) -> int:
    from rich.console import Console

    from fuselab.data.trio_digits.datacard import write_datacard
    from fuselab.instantiate import instantiate
    from fuselab.runs.overrides import check_overrides

    config = check_overrides(options.rest).config
    path = write_datacard(instantiate(config["data"]["source"]), options.out)
    Console().print(str(path), highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
