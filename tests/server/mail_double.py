"""A mail server on this machine."""

import email
import socketserver
import threading


class MailServer(socketserver.ThreadingTCPServer):
    """As much of SMTP (RFC 5321) as one message needs. *answers* replaces what it says to RCPT."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Session)
        self.taken: list[bytes] = []
        self.envelopes: list[bytes] = []
        self.answer_to_rcpt = b"250 ok"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def recipients(self) -> list[str]:
        """The address of each message, once for each time that it was taken."""
        return [str(email.message_from_bytes(message)["To"]) for message in self.taken]

    def close(self) -> None:
        """From here on connections are refused."""
        self.shutdown()
        self.server_close()


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, MailServer)
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb in (b"MAIL", b"RCPT"):
                self.server.envelopes.append(line.strip())
            if verb == b"RCPT":
                self.wfile.write(self.server.answer_to_rcpt + b"\r\n")
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                message = b""
                while not message.endswith(b"\r\n.\r\n"):
                    message += self.rfile.readline()
                self.server.taken.append(message)
                self.wfile.write(b"250 taken\r\n")
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")
