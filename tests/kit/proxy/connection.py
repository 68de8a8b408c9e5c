"""A client's connection and the server's beside it: requests and answers go through, whole or spoiled."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.kit.proxy.request import UNTIL_CLOSE, Request, altered, body_length, parse_head, status_of, with_headers
from tests.kit.proxy.rules import BLOCK, Faults
from tests.kit.proxy.stream import Gone, ServerGone, Stream, end_socket, first_bytes

if TYPE_CHECKING:
    from tests.kit.proxy import Proxy


class Connection:
    """A client's connection and the one to the server that belongs to it, in a thread of their own."""

    def __init__(self, proxy: Proxy, sock: socket.socket) -> None:
        self._proxy = proxy
        self._client = Stream(sock)
        self._server: Stream | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(sock, selectors.EVENT_READ)

    def exchange(self) -> bool:
        """One request and its answer; false when the connection is to be closed."""
        proxy, client = self._proxy, self._client
        self._await(client)
        head = client.head()
        if not head:
            return False
        request = Request.parse(head)
        try:
            return self._pass_on(request, head)
        finally:
            proxy.answered(self)

    def _pass_on(self, request: Request, head: bytes) -> bool:
        proxy = self._proxy
        faults = proxy.begin(request, len(head))
        proxy.arrived(self, request)
        proxy.pass_gate()
        if faults.delay:
            time.sleep(faults.delay)
        if faults.before:
            faults.before(request)
        if faults.cut_request == 0:
            raise Gone("as asked", reset=faults.reset)
        if faults.answer and not faults.acted:
            return self._answer(request, faults)
        server = self._server = self._server or self._connect()
        keep, answer = self._request(server, request, head, faults)
        if faults.after:
            faults.after(request)
        proxy.answering(self, request)
        return self._response(server, request, answer, faults) and keep

    def _connect(self) -> Stream:
        server = Stream(socket.create_connection(self._proxy.upstream, timeout=10))
        server.sock.settimeout(None)
        self._selector.register(server.sock, selectors.EVENT_READ)
        return server

    def _await(self, stream: Stream) -> None:
        """Until there is something to read; Gone when the other side hung up meanwhile."""
        while not stream.ahead:
            ready = {key.fileobj for key, _ in self._selector.select()}
            if stream.sock in ready:
                return
            other = self._server if stream is self._client else self._client
            if stream is self._client or (other and not other.sock.recv(1, socket.MSG_PEEK)):
                raise Gone("the other side hung up", reset=stream is self._server)
            return  # the client sends its next request already

    def _request(self, server: Stream, request: Request, head: bytes, faults: Faults) -> tuple[bool, bytes]:
        """Send a request to the server; returns whether the connection may go on, and the answer's head."""
        server.sock.sendall(altered(head, request, faults.drop_headers, self._proxy.secrets))
        length = body_length(request.headers, 0)
        if length and request.headers.get("expect", "").lower() == "100-continue":
            answer = self._head_of_answer(server)
            if status_of(answer) != 100:
                return False, answer  # the client keeps its body
            self._to_client(request, answer)
        try:
            for piece in self._pieces(self._client, length, faults, faults.flip_request, faults.cut_request):
                self._proxy.note(request, sent=len(piece))
                server.send(piece)
        except ServerGone:  # it may have said why
            return False, self._head_of_answer(server)
        answer = self._head_of_answer(server)
        while 100 <= status_of(answer) < 200:
            self._to_client(request, answer)
            answer = self._head_of_answer(server)
        return request.headers.get("connection", "").lower() != "close", answer

    def _response(self, server: Stream, request: Request, head: bytes, faults: Faults) -> bool:
        """Give the server's answer to the client; returns whether the connection may go on."""
        status = status_of(head)
        _, headers = parse_head(head)
        bodiless = request.method == "HEAD" or status in (204, 304)
        length = 0 if bodiless else body_length(headers, UNTIL_CLOSE)
        body = self._pieces(server, length, faults, faults.flip_response, faults.cut_response)
        if faults.swallow or faults.answer:
            for _ in server.body(length, BLOCK):
                pass
            if faults.swallow:
                raise Gone("as asked", reset=faults.reset)
            return self._answer(request, faults, body_read=True)
        changes = dict(faults.response_headers)
        if faults.shorten is not None and length > faults.shorten:
            changes["content-length"] = str(faults.shorten)
            body = first_bytes(body, faults.shorten)
        self._proxy.note(request, status=status)
        self._to_client(request, with_headers(head, changes) if changes else head)
        for piece in body:
            self._to_client(request, piece)
        return length != UNTIL_CLOSE and headers.get("connection", "").lower() != "close"

    def _pieces(
        self, source: Stream, length: int, faults: Faults, flip: int | None, cut: int | None
    ) -> Iterator[bytes | memoryview]:
        """A body, spoiled as asked."""
        at = 0
        for piece in source.body(length, faults.throttle.block if faults.throttle else BLOCK):
            self._proxy.pass_gate()
            if faults.throttle:
                time.sleep(faults.throttle.take(len(piece)))
            if flip is not None and at <= flip < at + len(piece):
                spoiled = bytearray(piece)
                spoiled[flip - at] ^= 1
                piece = bytes(spoiled)
            if cut is not None and at + len(piece) > cut:
                yield piece[: cut - at]
                if faults.at_cut:
                    faults.at_cut()
                raise Gone("as asked", reset=faults.reset)
            at += len(piece)
            yield piece

    def _answer(self, request: Request, faults: Faults, *, body_read: bool = False) -> bool:
        """Answer in the server's place; returns whether the connection may go on."""
        assert faults.answer is not None
        status, code, message, headers = faults.answer
        waits = not body_read and "expect" in request.headers
        if not body_read and not waits:
            for piece in self._client.body(body_length(request.headers, 0), BLOCK):
                self._proxy.note(request, sent=len(piece))
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
        body += (
            f"<Resource>/{quote(request.bucket)}/{quote(request.key)}</Resource><RequestId>PROXY</RequestId></Error>"
        )
        lines = [f"HTTP/1.1 {status} {code}", "Content-Type: application/xml", f"Content-Length: {len(body.encode())}"]
        lines += [f"{name}: {value}" for name, value in headers.items()] + ["Connection: close"] * waits
        self._proxy.note(request, status=status)
        self._to_client(request, "\r\n".join([*lines, "", "" if request.method == "HEAD" else body]).encode())
        return not waits

    def _head_of_answer(self, server: Stream) -> bytes:
        self._await(server)
        head = server.head()
        if not head:
            raise Gone("the server hung up")
        return head

    def _to_client(self, request: Request, piece: bytes | memoryview) -> None:
        self._proxy.pass_gate()
        self._client.sock.sendall(piece)
        self._proxy.note(request, received=len(piece))

    def abandon(self) -> None:
        """Break it from another thread: its own wakes up, and ends it."""
        for stream in (self._client, self._server):
            if stream:
                stream.abandon()

    def end(self, *, reset: bool) -> None:
        self._selector.close()
        for stream in (self._client, self._server):
            if stream:
                end_socket(stream.sock, reset=reset)
