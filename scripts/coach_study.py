#!/usr/bin/env python3
"""How faithful the coach's words are: simulated diagnoses x a model that lies, and what a real model invents.

    scripts/coach_study.py                            1,000 diagnoses, English and Chinese, a model made to lie
    scripts/coach_study.py --model NAME --trials 40   the claims of a real model of the Ollama server (OLLAMA_HOST)

The lying model tells three lies among twelve true sentences of each diagnosis, through a server that speaks Ollama's
protocol over HTTP. "Claims struck" of a real model is what the check could not bear out: an upper bound of what the
model invents, since it strikes some true claims as well.
"""

import argparse
import logging
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "test" / "coaching"))
from conftest import make_trial
from lying import Figures, invented_trials, lying_model, true_sentences

from sport_nodes.actions import LANGUAGES
from sport_nodes.coaching.faithfulness import Faithfulness
from sport_nodes.coaching.language_model import LanguageModel

#: A small model on a slow machine.
TIME_LIMIT_S = 120.0
SHOWN = 5
TIMED_TRIALS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000, metavar="N", help="diagnoses a language (default: 1000)")
    parser.add_argument("--model", metavar="NAME", help="a model of the Ollama server, in place of the one that lies")
    options = parser.parse_args()
    logging.getLogger("sport_nodes").setLevel(logging.ERROR)
    print_times(min(options.trials, TIMED_TRIALS))
    for language in LANGUAGES:
        if options.model:
            print_real(options.model, options.trials, language)
        else:
            print_lying(lying_model(make_trial, trials=options.trials, language=language), options.trials, language)


def print_times(trials: int) -> None:
    """Of the template, and of the check that a sentence waits for before it is spoken."""
    template_ms, check_ms = [], []
    for one, _ in invented_trials(make_trial, trials):
        began = time.perf_counter()
        report = one.coach()
        template_ms.append((time.perf_counter() - began) * 1e3)
        check = Faithfulness(one.facts, report)
        for sentence in true_sentences(one):
            began = time.perf_counter()
            check.check(sentence)
            check_ms.append((time.perf_counter() - began) * 1e3)
    for what, times in (("template report", template_ms), ("check of a sentence", check_ms)):
        print(f"{what}: {np.median(times):.1f} ms (median), {np.percentile(times, 95):.1f} ms (95 %)")


def print_lying(figures: Figures, trials: int, language: str) -> None:
    print(f"{language}: {trials} simulated diagnoses; texts replaced by the template as a whole: {figures.replaced}")
    for kind, sent in sorted(figures.sent.items()):
        print(f"  {kind:16s} {sent:5d} told, {figures.out[kind]} got out")
    share = figures.kept / max(1, figures.told)
    print(f"  true sentences   {figures.told:5d} told in texts that stayed, {figures.kept} kept ({share:.1%})")
    print(f"  claims           {figures.claims:5d} checked, {figures.rejected} struck")
    for title, sentences in (("got out", figures.leaked), ("struck though true", figures.struck)):
        for sentence in sorted(sentences)[:SHOWN]:
            print(f"  {title}: {sentence}")


def print_real(name: str, trials: int, language: str) -> None:
    model = LanguageModel(name, time_limit_s=TIME_LIMIT_S)
    reports, first_s, own_words = [], [], []
    for one, _ in invented_trials(make_trial, trials):
        began, heard = time.perf_counter(), []
        template = one.coach(language=language).text

        def hear(text: str, heard: list[tuple[float, str]] = heard) -> None:
            heard.append((time.perf_counter(), text.strip()))

        reports.append(one.coach(model=model, language=language, on_text=hear))
        first_s.append(heard[0][0] - began)
        own_words += [text for _, text in heard if text not in template and template not in text]
    answered = [r for r in reports if r.claims]
    claims, struck = sum(r.claims for r in answered), sum(r.rejected_claims for r in answered)
    stayed = sum(r.source != "template" for r in answered)
    print(f"{language}: {name}, {trials} simulated diagnoses, {len(answered)} answered to the end")
    print(f"  claims {claims}, struck {struck} ({struck / max(1, claims):.1%}); texts that stayed the model's {stayed}")
    print(f"  first words that were checked after {np.median(first_s):.1f} s (median)")
    print(f"  spoken in words of its own, to be judged by reading: {len(own_words)}", *own_words, sep="\n    ")


if __name__ == "__main__":
    main()
