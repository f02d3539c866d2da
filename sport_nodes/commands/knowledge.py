"""Commands for the coach's knowledge base: search, add, evaluate."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sport_nodes.actions import action_names
from sport_nodes.cli import Output
from sport_nodes.commands.options import add_json
from sport_nodes.errors import InputError

if TYPE_CHECKING:
    from sport_nodes.coaching.hybrid import HybridIndex


def register(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    parser = commands.add_parser("knowledge", help="the coach's knowledge base")
    knowledge = parser.add_subparsers(dest="knowledge_command", metavar="COMMAND", required=True)
    parser = knowledge.add_parser("search", help="what the coach would find for a question, and why")
    parser.add_argument("query")
    parser.add_argument("--action", choices=action_names())
    parser.add_argument("--fault", metavar="NAME")
    parser.add_argument("--limit", type=int, default=5)
    _add_store(parser)
    add_json(parser)
    parser.set_defaults(handler=search_command)

    parser = knowledge.add_parser("add", help="add a folder of Markdown, JSON lines and PDF; goes on where it stopped")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="that embed (default: 1)")
    parser.add_argument("--ray", default="", metavar="ADDRESS", help="embed on this Ray cluster; `local` starts one")
    _add_store(parser)
    add_json(parser)
    parser.set_defaults(handler=add_command)

    parser = knowledge.add_parser(
        "evaluate", help="how often search finds what it should, beside words or meaning alone"
    )
    parser.add_argument(
        "questions", type=Path, metavar="FILE", help='JSON lines of {"question", "action", "right": []}'
    )
    add_json(parser)
    parser.set_defaults(handler=evaluate_command)


def _add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", default="", metavar="URL", help="a Qdrant server, or a folder (default: in the data directory)"
    )
    parser.add_argument(
        "--embedding-model", default="", metavar="NAME", help="of the Ollama server (default: MiniLM, in this process)"
    )


def search_command(options: argparse.Namespace) -> Output:
    import dataclasses

    from sport_nodes.coaching.embedding import missing_packages
    from sport_nodes.coaching.retrieval import search

    if missing_packages() and not options.store:
        print("the shipped knowledge, by words alone: the extra 'coach' is not installed", file=sys.stderr)
        found = search(options.query, action=options.action, fault=options.fault, limit=options.limit)
        lines = [f"{hit.score:.2f}  words {', '.join(hit.terms)}: {hit.entry.question}" for hit in found]
        return Output([dataclasses.asdict(hit) for hit in found], "\n".join(lines) or "nothing found")
    index = _open(options)
    hits = index.search(options.query, action=options.action, fault=options.fault, limit=options.limit)
    index.close()
    lines = [
        f"{hit.score:.4f}  words {hit.lexical_rank or '-'} ({', '.join(hit.terms) or 'none'}), "
        f"meaning {hit.embedding_rank or '-'}: {hit.entry.question}\n        {hit.entry.answer}  [{hit.entry.source}]"
        for hit in hits
    ]
    return Output([dataclasses.asdict(hit) for hit in hits], "\n".join(lines) or "nothing found")


def add_command(options: argparse.Namespace) -> Output:
    import dataclasses

    from sport_nodes.coaching.ingest import add_folder
    from sport_nodes.coaching.readers import files_of_knowledge
    from sport_nodes.commands.records import require_ray

    files_of_knowledge(options.folder)  # what is wrong with the folder shows before the store is opened
    if options.processes < 1:
        raise InputError(f"--processes is 1 or more, found {options.processes}")
    if options.ray:
        require_ray()

    def progress(entries: int, known: int) -> None:
        print(f"{entries} entries added, {known} were there", file=sys.stderr, end="\r")

    index = _open(options)
    added = add_folder(options.folder, index, processes=options.processes, ray_address=options.ray, progress=progress)
    index.close()
    print(file=sys.stderr)
    text = f"{added.entries} entries of {added.files} files added; {added.known} were there already, or came twice"
    return Output(dataclasses.asdict(added), text)


def evaluate_command(options: argparse.Namespace) -> Output:
    from sport_nodes.bench.retrieval import evaluate_retrieval

    figures = evaluate_retrieval(options.questions)
    lines = [
        f"{name:8s} first right {row['first']:.3f}, right among the first 5 {row['found']:.3f}"
        for name, row in figures["searches"].items()
    ]
    return Output(figures, "\n".join([f"{figures['questions']} questions, {figures['entries']} entries", *lines]))


def _open(options: argparse.Namespace) -> HybridIndex:
    from sport_nodes.coaching.embedding import MiniLM, OllamaEmbedder
    from sport_nodes.coaching.hybrid import open_index
    from sport_nodes.coaching.ingest import store_directory

    embedder = OllamaEmbedder(options.embedding_model) if options.embedding_model else MiniLM()
    return open_index(
        options.store or str(store_directory()), embedder, progress=lambda words: print(words, file=sys.stderr)
    )
