"""OpenTelemetry traces (the extra `otel`), switched on by GREENROOM_TRACES=1 before the application is made.

Where they go is said by the usual OTEL_EXPORTER_OTLP_* variables. Off, a span costs one look at a global. Names and
attributes are ours (route patterns, job names): no path, address or content of anybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, TypeVar

from .config import ConfigError
from .context import TenantRef, request_id, tenant_in_scope

T = TypeVar("T")

_tracer: Any = None
_OFF: Final[AbstractContextManager[None]] = nullcontext()


def span(name: str, **attributes: str) -> AbstractContextManager[None]:
    """A piece of work inside whatever is being traced."""
    return _OFF if _tracer is None else _span(name, attributes)


@contextmanager
def _span(name: str, attributes: Mapping[str, str]) -> Iterator[None]:
    with _tracer.start_as_current_span(name) as current:
        for key, value in attributes.items():
            current.set_attribute(f"greenroom.{key}", value)
        tenant = tenant_in_scope()
        if isinstance(tenant, TenantRef):
            current.set_attribute("greenroom.tenant", tenant.slug)
        if rid := request_id():
            current.set_attribute("greenroom.request_id", rid)
        yield


def traced(serve: Callable[[Any, Any], Awaitable[T]]) -> Callable[[Any, Any], Awaitable[T]]:
    """`serve(endpoint, request)` in a span of its own; the very function while tracing is off. Asked once, at mount."""
    if _tracer is None:
        return serve

    async def serving(endpoint: Any, request: Any) -> T:
        from opentelemetry import propagate
        from opentelemetry.trace import SpanKind, Status, StatusCode

        route = endpoint.route.path if endpoint is not None else "none"
        came = propagate.extract(request.headers)
        with _tracer.start_as_current_span(f"{request.method} {route}", context=came, kind=SpanKind.SERVER) as current:
            answer = await serve(endpoint, request)
            status = int(getattr(answer, "status", 0))
            current.set_attribute("http.request.method", request.method)
            current.set_attribute("http.route", route)
            current.set_attribute("http.response.status_code", status)
            current.set_attribute("greenroom.request_id", request_id())
            if endpoint is not None:
                current.set_attribute("greenroom.plugin", endpoint.plugin)
            tenant = tenant_in_scope()
            if isinstance(tenant, TenantRef):
                current.set_attribute("greenroom.tenant", tenant.slug)
            if status >= 500:
                current.set_status(Status(StatusCode.ERROR))
            return answer

    return serving


def start(exporter: Any = None) -> Callable[[], None]:
    """Trace from now on; gives how to stop. `exporter` stands in for OTLP in tests. Raises ConfigError."""
    global _tracer
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as exc:
        raise ConfigError("GREENROOM_TRACES needs the extra: pip install 'greenroom[otel]'.") from exc
    provider = TracerProvider(resource=Resource.create({"service.name": "greenroom"}))
    processor = SimpleSpanProcessor(exporter) if exporter is not None else BatchSpanProcessor(OTLPSpanExporter())
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("greenroom")

    def stop() -> None:
        global _tracer
        _tracer = None
        provider.shutdown()

    return stop
