"""The schedulers: what each is called here and elsewhere, and how diffusers is told to be it.

A name is a sampler and, perhaps, a schedule: `dpmpp_2m`, `dpmpp_2m_karras`. The sampler is the
rule for one step, the schedule says how the noise levels are spread over the steps. Without a
schedule the timesteps are spaced as the checkpoint's own configuration says.

The grades compare with the sampler of that name in k-diffusion and A1111, from the same noise and
with the model swapped for a formula (`tests/engine/test_schedulers.py` has the numbers): *exact*
is equal to rounding, *close* differs in where timesteps are rounded, *approximate* draws other
noise or spaces the steps otherwise. What those programs do not have is diffusers' own and exact.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sdgen.errors import InputError, nearest
from sdgen.recipe.scheduler_names import REFUSED, SAMPLER_WORDS, SCHEDULE_WORDS, fold, unwrapped
from sdgen.recipe.scheduler_table import (
    IGNORE_SCHEDULE,
    SAMPLERS,
    SCHEDULES,
    WORST_LAST,
    Grade,
    Sampler,
    sigma_switches,
)


@dataclass(frozen=True, slots=True)
class Scheduler:
    """One way of removing the noise.

    Attributes:
        name: What we call it.
        class_name: The diffusers class.
        config: What to change in the checkpoint's own trained configuration.
        a1111: Sampler and schedule type as A1111 writes them; None where it has no such thing.
        grade: How near it comes to that.
        noisy: Whether it draws noise in its steps, with eta at 0.
        takes_eta: Whether it has the setting eta.
        summary: One line for people.
        steps: The fewest and the most steps it can take.
        flow: Whether it is for models that were trained by flow matching, and for no others.
    """

    name: str
    class_name: str
    config: Mapping[str, object]
    a1111: tuple[str, str] | None
    grade: Grade
    noisy: bool
    takes_eta: bool
    summary: str
    steps: tuple[int, int]
    flow: bool = False


def _table() -> Iterator[Scheduler]:
    for name, sampler in SAMPLERS.items():
        yield _without_schedule(name, sampler)
        for word in sampler.schedules.split():
            yield _with_schedule(name, sampler, word)


def _without_schedule(name: str, sampler: Sampler) -> Scheduler:
    switches = sigma_switches() if "karras" in sampler.schedules else {}
    return Scheduler(
        name=name,
        class_name=f"{sampler.class_name}Scheduler",
        config=MappingProxyType({**sampler.config, **switches}),
        a1111=(sampler.a1111, sampler.plain) if sampler.a1111 else None,
        grade=sampler.grade,
        noisy=sampler.noisy,
        takes_eta=sampler.takes_eta,
        summary=sampler.summary,
        steps=sampler.steps,
        flow=sampler.flow,
    )


def _with_schedule(name: str, sampler: Sampler, word: str) -> Scheduler:
    schedule = SCHEDULES[word]
    plain = _without_schedule(name, sampler)
    config = {**plain.config, **schedule.config}
    if sampler.class_name == "DPMSolverSinglestep":  # has one spacing only
        del config["timestep_spacing"]
    # In one step DEIS would go from a noise level to itself when it places the levels.
    stuck = name == "deis" and word != "trailing"
    heeded = sampler.a1111 if name not in IGNORE_SCHEDULE else None
    return replace(
        plain,
        name=f"{name}_{word}",
        config=MappingProxyType(config),
        a1111=(heeded, schedule.a1111) if heeded else None,
        grade=max(sampler.grade, schedule.grade, key=WORST_LAST.index) if heeded else "exact",
        summary=f"{name}, {schedule.summary}",
        steps=(2, sampler.steps[1]) if stuck else sampler.steps,
    )


SCHEDULERS: Mapping[str, Scheduler] = MappingProxyType({each.name: each for each in _table()})
"""Every scheduler by its name: each sampler, followed by its schedules."""


def _spellings() -> dict[str, str]:
    """Folded spelling → name, for every way of joining a sampler's and a schedule's words."""
    spellings: dict[str, str] = {}
    for name in SCHEDULERS:
        sampler, schedule = _split(name)
        for word in SAMPLER_WORDS[sampler]:
            for suffix in SCHEDULE_WORDS[schedule]:
                spellings[fold(word + suffix)] = name
    without_pluses = {word.replace("dpmpp", "dpm"): name for word, name in spellings.items()}
    return without_pluses | spellings


def _split(name: str) -> tuple[str, str]:
    """A name's sampler and schedule: `dpmpp_2m_karras` → (`dpmpp_2m`, `karras`)."""
    sampler, _, schedule = name.rpartition("_")
    return (sampler, schedule) if schedule in SCHEDULES else (name, "")


_SPELLINGS = _spellings()
_REFUSED = {fold(word): reason for word, reason in REFUSED.items()}


def find_scheduler(text: str) -> Scheduler:
    """The scheduler that `text` means in any program's spelling.

    Raises:
        InputError: Nobody's name, or one that is refused; the hint has the nearest right ones.
    """
    for spelling in unwrapped(text):
        if spelling in _SPELLINGS:
            return SCHEDULERS[_SPELLINGS[spelling]]
    raise _unknown(text)


def _unknown(text: str) -> InputError:
    shown = repr(text[:60])
    for spelling in unwrapped(text):
        for sampler, schedule in _readings(spelling):
            if sampler in _REFUSED:
                reason, instead = _REFUSED[sampler]
                return InputError(f"no scheduler {shown}: {reason}", hint=_nearest_is(*instead))
            if schedule and sampler in _SPELLINGS:
                return _no_such_schedule(_split(_SPELLINGS[sampler])[0], schedule)
    names = [_SPELLINGS[word] for word in nearest(fold(text), _SPELLINGS, most=12)]
    closest = list(dict.fromkeys(names))[:3]
    hint = f"did you mean {' or '.join(closest)}?" if closest else "sdgen schedulers lists them"
    return InputError(f"no scheduler {shown}", hint=hint)


def _readings(spelling: str) -> Iterator[tuple[str, str]]:
    """Ways to split a folded spelling into a sampler's and a schedule's word."""
    yield spelling, ""
    for schedule, words in SCHEDULE_WORDS.items():
        for word in filter(None, map(fold, words)):
            if spelling.endswith(word):
                yield spelling.removesuffix(word), schedule


def _nearest_is(*names: str) -> str:
    return f"nearest: {' or '.join(names)}"


def _no_such_schedule(sampler: str, schedule: str) -> InputError:
    names = [name for name in SCHEDULERS if _split(name)[0] == sampler]
    return InputError(f"{sampler} has no {schedule} schedule", hint=f"it has {', '.join(names)}")


def from_a1111(sampler: str, schedule_type: str | None) -> Scheduler:
    """The scheduler nearest to what A1111 did.

    Args:
        sampler: As its `Sampler` says, old (`DPM++ 2M Karras`) or new (`DPM++ 2M`).
        schedule_type: As its `Schedule type` says; None where the key is missing, as before
            version 1.9, when a sampler's name alone meant uniform spacing.

    Returns:
        The scheduler, with the pair that was asked for and the grade of this very match.

    Raises:
        InputError: No such sampler, or a schedule type that diffusers cannot do.
    """
    found = find_scheduler(sampler)
    name, schedule = _split(found.name)
    if schedule or name in IGNORE_SCHEDULE or found.a1111 is None:
        return found
    wanted = _a1111_schedule(name, schedule_type)
    match = SCHEDULERS.get(f"{name}_{wanted}")
    if match is None and wanted == "uniform":  # diffusers' multistep solvers never end on step 0
        pair = (found.a1111[0], schedule_type or "Uniform")
        return replace(found, a1111=pair, grade="approximate")
    if match is None:
        raise _no_such_schedule(name, wanted)
    return match


def _a1111_schedule(sampler: str, schedule_type: str | None) -> str:
    if schedule_type is None:
        return "uniform"
    folded = fold(schedule_type)
    if folded == "automatic":
        return SAMPLERS[sampler].automatic
    for schedule, words in SCHEDULE_WORDS.items():
        if schedule and folded in map(fold, words):
            return schedule
    raise InputError(
        f"no counterpart for the schedule type {schedule_type!r}",
        hint="known: Automatic, Uniform, Karras, Exponential, Beta, SGM Uniform",
    )


def from_diffusers(class_name: str, config: Mapping[str, object]) -> Scheduler | None:
    """The name of a checkpoint's own scheduler; None if we have no such thing.

    Args:
        class_name: As `_class_name` of `scheduler_config.json` says.
        config: The rest of that file; a missing key means the class's default.
    """
    for name, sampler in SAMPLERS.items():
        if class_name.removesuffix("Scheduler") == sampler.class_name and _agrees(sampler, config):
            placed = (word for word in SCHEDULES if config.get(f"use_{word}_sigmas"))
            return SCHEDULERS.get(f"{name}_{next(placed, '')}", SCHEDULERS[name])
    return None


def _agrees(sampler: Sampler, config: Mapping[str, object]) -> bool:
    decisive = ("algorithm_type", "solver_order", "solver_type", "skip_prk_steps")
    keys = [key for key in decisive if key in sampler.config and key in config]
    is_flow = sampler.class_name.startswith("FlowMatch") or config.get("use_flow_sigmas") is True
    return is_flow == sampler.flow and all(config[key] == sampler.config[key] for key in keys)


def check_steps(scheduler: str, steps: int) -> None:
    """Refuse a number of steps that diffusers cannot take with this scheduler.

    Raises:
        InputError: Too few or too many; the message has the range.
    """
    fewest, most = SCHEDULERS[scheduler].steps
    if not fewest <= steps <= most:
        raise InputError(
            f"{scheduler} cannot draw in {steps} steps", hint=f"between {fewest} and {most} steps"
        )
