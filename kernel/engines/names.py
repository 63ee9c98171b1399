"""Asking the public name system. Behind a small protocol, so that tests need no network."""

from __future__ import annotations

from typing import Final, Protocol

from ..base.config import Config

#: Seconds for one question, over all servers.
_PATIENCE: Final = 6.0
#: Whoever answers with more is not read to the end.
_MOST: Final = 50


class NamesUnavailable(RuntimeError):
    """Nobody answered: says nothing about the name."""


class Names(Protocol):
    async def texts(self, name: str) -> list[str]:
        """The TXT records of `name`; none when there are none. Raises NamesUnavailable."""


class DnsNames:
    """Through the name servers of the machine, or those that are configured."""

    def __init__(self, servers: tuple[str, ...] = ()) -> None:
        self._servers = servers

    async def texts(self, name: str) -> list[str]:
        import dns.asyncresolver  # here, as few processes ever ask
        import dns.exception
        import dns.resolver

        try:
            # Made anew each time: the machine's servers may change, and nothing stale is to be believed.
            resolver = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = list(self._servers)
            resolver.cache = None
            answer = await resolver.resolve(name + ".", "TXT", lifetime=_PATIENCE, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, ValueError) as exc:
            raise NamesUnavailable(type(exc).__name__) from exc
        return [b"".join(record.strings).decode("utf-8", "replace") for record in list(answer)[:_MOST]]


def open_names(config: Config) -> Names:
    return DnsNames(config.name_servers)
