"""Says which facts follow from the operations of a document, and for which there is no value and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.answers import Answer, Asked, not_evaluable, not_stated, owner, stated
from readygate_server.adapters.collectors.openapi.lint import METHOD, Followed, Wrong
from readygate_server.adapters.collectors.openapi.operations import REPEATABLE, Operation, Security
from readygate_server.domain.collected import Measured, Status
from readygate_server.domain.vocabulary import Grade

_UNCHECKED: Final = "neither examples nor the keywords of schemas were checked"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Seen(NamedTuple):
    """What was read of a document."""

    operations: Sequence[Operation]
    """Those that are asked about."""
    repeated: frozenset[str]
    """Values of operationId that several operations of the document have."""
    of: int
    """Operations of the document."""
    used: tuple[str, ...]
    """Operations as they were named; empty when all are asked about."""
    unread_paths: int
    contact: bool
    wrong: Sequence[Wrong]
    linted: str
    """Digest of what another program found; empty when there is no such report."""
    followed: Followed
    as_of: datetime | None


def facts_of(seen: Seen) -> tuple[Measured, ...]:
    """Returns every fact that such a document can say something about."""
    lifecycle = _lifecycle(seen)
    sunset = _sunset(seen) if lifecycle.status is Status.STATED else None
    whole = Asked(seen.of, seen.as_of)
    checked = whole._replace(parameters=(("lint", seen.linted),)) if seen.linted else whole
    picked = Asked(len(seen.operations), seen.as_of, (("operations", ", ".join(seen.used) or "all"),))
    return (
        whole.measured("api.owner.person", "openapi.contact.v1", owner(contact=seen.contact)),
        checked.measured("api.spec_valid", METHOD, _valid(seen), Grade.E2),
        picked.measured("api.lifecycle.status", "openapi.deprecated.v1", lifecycle),
        *([picked.measured("api.lifecycle.sunset_on", "openapi.sunset.v1", sunset)] if sunset else []),
        picked.measured("api.idempotent_write_coverage", "openapi.idempotency.v1", _idempotent(seen)),
        picked.measured("api.error_model_coverage", "openapi.errors.v1", _errors(seen), Grade.E2),
        picked.measured("api.integration_method", "openapi.method.v1", _integration(seen)),
        picked.measured("api.documented_security_ratio", "openapi.security.v1", _secured(seen), Grade.E2),
        picked.measured("api.anonymous_writes", "openapi.anonymous.v1", _anonymous(seen), Grade.E2),
        picked.measured("api.unique_operation_ids", "openapi.ids.v1", _identified(seen), Grade.E2),
        picked.measured("api.documented_rate_limit_ratio", "openapi.limits.v1", _limited(seen), Grade.E2),
    )


def _valid(seen: Seen) -> Answer:
    examined = (
        "examples and the keywords of schemas were checked by another program alone" if seen.linted else _UNCHECKED
    )
    if seen.wrong or seen.followed.broken:
        return stated(False, examined)
    if seen.followed.unread:
        return not_evaluable(f"nothing is wrong in what was read, but {_unread(seen.followed)}")
    if not seen.of:
        return not_evaluable("nothing is wrong, but the document describes no operation")
    return stated(True, examined)


def _unread(followed: Followed) -> str:
    parts = [f"{count} to where {lost.value}" for lost, count in followed.unread]
    return f"references were not followed: {', '.join(parts)}"


def _missing(seen: Seen) -> Answer | None:
    """Returns the answer when it is not known which operations there are, or there are none."""
    if seen.unread_paths and not seen.used:
        return not_evaluable(f"{seen.unread_paths} paths stand behind references that were not followed")
    if not seen.operations:
        return not_stated("the document describes no operation")
    return None


def _lifecycle(seen: Seen) -> Answer:
    if missing := _missing(seen):
        return missing
    marked, of = sum(each.deprecated for each in seen.operations), len(seen.operations)
    if not marked:
        return not_stated("no operation is marked as deprecated, and no mark says that an API is supported")
    if marked < of and not seen.used:
        return not_evaluable(f"{marked} of {of} operations are marked as deprecated; name those used with --operation")
    return stated("deprecated")


def _sunset(seen: Seen) -> Answer:
    marked = [each for each in seen.operations if each.deprecated]
    days = [each.sunset[:10] for each in marked if _is_day(each.sunset[:10])]
    if len(days) < len(marked):
        return not_stated(f"{len(marked) - len(days)} of {len(marked)} operations that are deprecated have no x-sunset")
    return stated(min(days))


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _idempotent(seen: Seen) -> Answer:
    if missing := _missing(seen):
        return missing
    writes = [each for each in seen.operations if each.writes]
    if not writes:
        return Answer(Status.NOT_APPLICABLE, reason="no operation has a method that writes")
    asked = [each for each in writes if each.method not in REPEATABLE]
    unknown = sum(not each.key and each.parameters_unread > 0 for each in asked)
    if unknown:
        return not_evaluable(f"{unknown} operations have parameters behind references that were not followed", unknown)
    keyed = sum(each.key for each in asked)
    if asked and not keyed:
        return not_stated(f"none of {len(asked)} POST and PATCH operations documents a header for an idempotency key")
    return stated((len(writes) - len(asked) + keyed) / len(writes))


def _errors(seen: Seen) -> Answer:
    if missing := _missing(seen):
        return missing
    typed = [bool(each.responses.errors & each.responses.typed) for each in seen.operations]
    pairs = zip(typed, seen.operations, strict=True)
    unknown = sum(not known and each.responses.unread > 0 for known, each in pairs)
    if unknown:
        return not_evaluable(f"{unknown} operations have responses behind references that were not followed", unknown)
    if not any(each.responses.errors for each in seen.operations):
        return not_stated(f"none of {len(seen.operations)} operations states an error response")
    return stated(sum(typed) / len(typed))


def _integration(seen: Seen) -> Answer:
    return _missing(seen) or stated("api")


def _secured(seen: Seen) -> Answer:
    """Returns the share of operations that demand a login; a document with no word on it is silent, not open."""
    if missing := _missing(seen):
        return missing
    said = Counter(each.security for each in seen.operations)
    of = len(seen.operations)
    if said[Security.UNDECLARED] == of:
        return not_stated(f"none of {of} operations says who may call; many APIs with a login say nothing of it")
    return stated(said[Security.REQUIRED] / of)


def _anonymous(seen: Seen) -> Answer:
    """Returns the writes that are said to need no login; while some say nothing, none is no answer."""
    if missing := _missing(seen):
        return missing
    writes = Counter(each.security for each in seen.operations if each.writes)
    if not writes:
        return Answer(Status.NOT_APPLICABLE, reason="no operation has a method that writes")
    silent, of = writes[Security.UNDECLARED], writes.total()
    if silent == of:
        return not_stated(f"none of {of} operations that write says who may call")
    count = writes[Security.ANONYMOUS] + writes[Security.OPTIONAL]
    if silent and not count:
        return not_evaluable(f"{silent} of {of} operations that write do not say who may call", silent)
    return stated(count)


def _identified(seen: Seen) -> Answer:
    if missing := _missing(seen):
        return missing
    if seen.unread_paths:
        return not_evaluable(f"{seen.unread_paths} paths were not read, and may have the same operationId")
    own = sum(bool(each.id) and each.id not in seen.repeated for each in seen.operations)
    return stated(own / len(seen.operations))


def _limited(seen: Seen) -> Answer:
    """Returns the share of operations that tell of a limit; that there is none, no document says by silence."""
    if missing := _missing(seen):
        return missing
    limits = ["429" in each.responses.codes or each.responses.limits for each in seen.operations]
    pairs = zip(limits, seen.operations, strict=True)
    unknown = sum(not known and each.responses.unread > 0 for known, each in pairs)
    if unknown:
        return not_evaluable(f"{unknown} operations have responses behind references that were not followed", unknown)
    if not any(limits):
        return not_stated(f"none of {len(limits)} operations documents a 429 response or a header for limits")
    return stated(sum(limits) / len(limits))
