"""TCP's handshake as a step: recorded (df-005, and as a network event), then a connection or Failed."""

from __future__ import annotations

from wallwatch.net.connection import Equipment, TcpConnection, record_icmp
from wallwatch.net.errors import failure_of
from wallwatch.net.failed import CONNECT, Failed
from wallwatch.net.records import ConnectStatus, NetworkEvent, TcpConnect
from wallwatch.net.seam import Endpoint, IcmpFailure, SocketOptions


async def connect(equipment: Equipment, endpoint: Endpoint, options: SocketOptions) -> TcpConnection:
    """Raises Failed(..., "connect")."""
    trace = equipment.trace
    transaction_id, t0 = trace.new_transaction(), trace.now()
    try:
        async with equipment.clock.deadline(equipment.timeouts.connect):
            stream = await equipment.net.connect_tcp(endpoint, options)
    except OSError as error:  # TimeoutError is one
        failure = failure_of(error, CONNECT)
        _record(equipment, endpoint, failure, t0, transaction_id)
        if isinstance(error, IcmpFailure):
            record_icmp(trace, error.icmp_errors, endpoint, error.local, transaction_id)
        raise Failed(failure, CONNECT) from error
    _record(equipment, endpoint, None, t0, transaction_id)
    return TcpConnection(equipment, stream, transaction_id)


def _record(
    equipment: Equipment, endpoint: Endpoint, failure: str | None, t0: float, transaction_id: int
) -> None:
    trace = equipment.trace
    t = trace.now()
    trace.tcp_connect.append(
        TcpConnect(
            ip=endpoint.address,
            port=endpoint.port,
            status=ConnectStatus(failure=failure, success=failure is None),
            t0=t0,
            t=t,
            transaction_id=transaction_id,
        )
    )
    trace.network_events.append(
        NetworkEvent(
            operation=CONNECT,
            address=str(endpoint),
            proto="tcp",
            failure=failure,
            num_bytes=0,
            t0=t0,
            t=t,
            transaction_id=transaction_id,
        )
    )
