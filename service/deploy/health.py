"""Asks a gate for its health over gRPC: ends with 0 while it serves, with 1 when it does not.

`READYGATE_HEALTH_TARGET` says where it listens. With `READYGATE_CA` the connection is encrypted, and
`READYGATE_HEALTH_NAME` is the name in its certificate, when the target is another one. Needs what the server has.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse  # type: ignore[import-untyped]
from grpc_health.v1.health_pb2_grpc import HealthStub  # type: ignore[import-untyped]

SECONDS = 3.0


def channel() -> grpc.Channel:
    """Connects as the environment says."""
    target = os.environ.get("READYGATE_HEALTH_TARGET", "127.0.0.1:7443")
    authorities = os.environ.get("READYGATE_CA")
    if not authorities:
        return grpc.insecure_channel(target)
    name = os.environ.get("READYGATE_HEALTH_NAME")
    options = (("grpc.ssl_target_name_override", name),) if name else ()
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(Path(authorities).read_bytes()), options)


def main() -> int:
    """Asks once."""
    with channel() as connection:
        try:
            reply = HealthStub(connection).Check(HealthCheckRequest(), timeout=SECONDS)
        except grpc.RpcError as failure:
            sys.stderr.write(f"{failure.code().name}: {failure.details()}\n")
            return 1
    if reply.status == HealthCheckResponse.SERVING:
        return 0
    sys.stderr.write(f"{HealthCheckResponse.ServingStatus.Name(reply.status)}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
