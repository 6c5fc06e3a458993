"""The list of checks, and the table of what they found."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from safelight.composition.doctor import decoding, keys, machine, servers
from safelight.composition.doctor.finding import Check, Finding, made
from safelight.settings import Settings

MASK = "***"
URLS = ("database_url", "objects_url", "cache_url", "accounts_url", "broker_url", "processor_urls")
VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID")


async def examine(settings: Settings) -> list[Finding]:
    """Everything that these settings use, one after the other; no secret is in what is said."""
    secrets = _secrets(settings)
    return [
        replace(
            finding,
            check=_masked(finding.check, secrets),
            words=_masked(finding.words, secrets),
            remedy=_masked(finding.remedy, secrets),
        )
        async for finding in _found(settings)
    ]


async def _found(settings: Settings) -> AsyncIterator[Finding]:
    for name, check, remedy in _checks(settings):
        async for finding in made(name, check, remedy):
            yield finding


def _checks(settings: Settings) -> list[tuple[str, Check, str]]:
    """What to look at by which name, and what to do when it can't even be looked at.

    A processor by itself has neither database nor keys; an API has no decoders.
    """
    alone = not settings.broker_url
    is_api = alone or bool(settings.database_url)
    checks: list[tuple[str, Check, str]] = [
        ("machine", lambda: machine.machine(settings), "see what it says"),
        ("settings", lambda: keys.unsafe(settings), "see docs/settings.md"),
    ]
    if is_api:
        checks += [
            ("data folder", lambda: machine.data_folder(settings), "see SAFELIGHT_DATA_DIR"),
            ("keys", lambda: keys.keys(settings), "make them with `safelight certs`"),
            ("database", lambda: servers.database(settings), "see SAFELIGHT_DATABASE_URL"),
        ]
    checks += [("objects", lambda: servers.objects(settings), "see SAFELIGHT_OBJECTS_URL")]
    if is_api and settings.cache_url != "mem://":
        checks += [("cache", lambda: servers.cache(settings), "see SAFELIGHT_CACHE_URL")]
    if is_api and settings.accounts_url:
        checks += [("accounts", lambda: servers.accounts(settings), "see SAFELIGHT_ACCOUNTS_URL")]
    if not alone:
        checks += [("broker", lambda: servers.broker(settings), "see SAFELIGHT_BROKER_URL")]
    if is_api and not alone:
        checks += [("processors", lambda: servers.processors(settings), "see above")]
    if alone or not settings.database_url or decoding.is_here():
        reinstall = "install again: `make setup`, or the container's image"
        checks += [
            ("libvips", decoding.libvips, reinstall),
            ("decoder", lambda: decoding.decoder(settings), reinstall),
        ]
    return checks


def _secrets(settings: Settings) -> list[str]:
    found = [settings.link_secret, settings.processor_token]
    found += [os.environ.get(name, "") for name in VARIABLES]
    for name in URLS:
        for url in str(getattr(settings, name)).split(","):
            with suppress(ValueError):  # the check that uses it says that it is none
                password = urlsplit(url).password or ""
                found += [password, unquote(password)]
    # The longest first, since a shorter one may be a part of it.
    return sorted({secret for secret in found if secret}, key=len, reverse=True)


def _masked(words: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        words = words.replace(secret, MASK)
    return words


def table(findings: Sequence[Finding]) -> str:
    """A line for each, and below it what to do."""
    width = max(len(finding.check) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<8} {finding.check:<{width}}  {finding.words}")
        if finding.remedy:
            lines.append(f"{'':<8} {'':<{width}}  to do: {finding.remedy}")
    counts = {state: sum(f.state == state for f in findings) for state in ("fault", "warning")}
    lines.append(f"{len(findings)} checks, {counts['fault']} faults, {counts['warning']} warnings")
    return "\n".join(lines)
