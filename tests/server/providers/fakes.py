"""A small internet on 127.0.0.1: name servers, registries, delivery networks and stubborn hosts
that speak the real protocols."""

import datetime
import ipaddress
import json
import socket
import socketserver
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

TTL = 300
RDAP_JSON = {"Content-Type": "application/rdap+json"}


class FakeDns:
    """A resolver that knows what it was told, over UDP and TCP on one port."""

    def __init__(self) -> None:
        dns_server = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, sock = self.request
                answer = dns_server._answer(wire, is_datagram=True)
                if answer is not None:
                    sock.sendto(answer, self.client_address)

        class Stream(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                length = int.from_bytes(self.rfile.read(2), "big")
                answer = dns_server._answer(self.rfile.read(length), is_datagram=False)
                if answer is not None:
                    self.wfile.write(len(answer).to_bytes(2, "big") + answer)

        self._tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stream)
        self.port = self._tcp.server_address[1]
        self._udp = socketserver.ThreadingUDPServer(("127.0.0.1", self.port), Datagram)
        self._servers = (self._tcp, self._udp)
        for server in self._servers:
            server.daemon_threads = True
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.02,)) for server in self._servers
        ]
        for thread in self._threads:
            thread.start()
        self.reset()

    def reset(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        #: Each question, as "name TYPE", with "udp" or "tcp".
        self.questions: list[tuple[str, str]] = []
        #: Names about which it is silent, or has no answer to give.
        self.silent: set[str] = set()
        self.broken: set[str] = set()
        #: Answers that do not fit into a datagram.
        self.is_long = False

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()

    def add(self, name: str, kind: str, *values: str) -> None:
        self.records[(name, kind)] = list(values)

    def _answer(self, wire: bytes, *, is_datagram: bool) -> bytes | None:
        question = dns.message.from_wire(wire)
        name = question.question[0].name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.question[0].rdtype)
        self.questions.append((f"{name} {kind}", "udp" if is_datagram else "tcp"))
        if name in self.silent:
            return None
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif is_datagram and self.is_long:
            answer.flags |= dns.flags.TC
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            self._fill(answer, name, kind)
        return answer.to_wire()

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        while target := self.records.get((name, "CNAME")):
            answer.answer.append(_rrset(name, "CNAME", target))
            name = target[0].rstrip(".")
        if values := self.records.get((name, kind)):
            answer.answer.append(_rrset(name, kind, values))


def _rrset(name: str, kind: str, values: list[str]) -> dns.rrset.RRset:
    return dns.rrset.from_text(f"{name}.", TTL, dns.rdataclass.IN, kind, *values)


@dataclass
class Reply:
    """What a web server answers."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: Seconds until it does.
    delay: float = 0.0
    #: Otherwise it ends where the connection does.
    says_its_length: bool = True


class FakeWeb:
    """A web server: by path what it was told, otherwise 404."""

    def __init__(self, certificate: Path | None = None) -> None:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.requests.append(self.path)
                web.heard.append(dict(self.headers))
                reply = web.replies.get(self.path, web.otherwise)
                time.sleep(reply.delay)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.says_its_length:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def version_string(self) -> str:
                return "stubborn"

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_arguments: Any) -> None:
                """Callers hang up."""

        self._server = Server(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.port = self._server.server_port
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self.reset()

    def reset(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.otherwise = Reply(404)
        self.requests: list[str] = []
        #: The headers of each request.
        self.heard: list[dict[str, str]] = []

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def show(self, path: str, body: bytes, content_type: str = "image/jpeg", **more: str) -> None:
        """A file at *path*; *more* headers with _ for -."""
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        self.replies[path] = Reply(200, {"Content-Type": content_type, **headers}, body)


class FakeRdap(FakeWeb):
    """All registries in one, and IANA's bootstrap files."""

    def __init__(self) -> None:
        super().__init__()

    @property
    def bootstrap(self) -> str:
        return f"{self.url}/iana/"

    def reset(self) -> None:
        super().reset()
        here = [f"{self.url}/"]
        self.serve("ipv4.json", [[["0.0.0.0/0"], here]])
        self.serve("ipv6.json", [[["2000::/3", "::1/128"], here]])
        self.serve("dns.json", [[["example", "com", "net"], here]])

    def serve(self, file: str, services: list[Any]) -> None:
        """A bootstrap file (RFC 9224)."""
        content = {"version": "1.0", "publication": "2026-01-01T00:00:00Z", "services": services}
        self.replies[f"/iana/{file}"] = Reply(
            200, {"Content-Type": "application/json"}, json.dumps(content).encode()
        )

    def put(self, path: str, thing: dict[str, Any]) -> None:
        content = {"rdapConformance": ["rdap_level_0"], **thing}
        self.replies[f"/{path}"] = Reply(200, RDAP_JSON, json.dumps(content).encode())

    def network(
        self,
        address: str,
        *,
        prefix: str,
        holder: str = "Quick Hosting BV",
        mail: str = "abuse@quick-hosting.example",
        country: str = "NL",
    ) -> None:
        """The network of *address*, as the RIPE NCC answers."""
        net = ipaddress.ip_network(prefix)
        abuse = entity("QH-RIPE", ["abuse"], name="Abuse desk", mail=mail, kind="group")
        self.put(
            f"ip/{address}",
            {
                "objectClassName": "ip network",
                "handle": f"{net[0]} - {net[-1]}",
                "startAddress": str(net[0]),
                "endAddress": str(net[-1]),
                "ipVersion": f"v{net.version}",
                "name": "QUICK-NET",
                "country": country,
                "cidr0_cidrs": [
                    {f"v{net.version}prefix": str(net[0]), "length": net.prefixlen},
                ],
                "entities": [
                    entity("QUICK", ["registrant"], name=holder, kind="org", entities=[abuse]),
                    entity("JD1-RIPE", ["technical"], name="Jane Doe", mail="jane@home.example"),
                ],
            },
        )

    def domain(
        self,
        name: str,
        *,
        registrar: str = "Name Shop Ltd",
        mail: str = "abuse@name-shop.example",
        **more: Any,
    ) -> None:
        """A domain, as a registry for generic domains answers; its holder is redacted."""
        abuse = entity("", ["abuse"], name="", mail=mail)
        shop = entity("9999", ["registrar"], name=registrar, entities=[abuse])
        shop["publicIds"] = [{"type": "IANA Registrar ID", "identifier": "9999"}]
        holder = entity("", ["registrant"], name="REDACTED FOR PRIVACY", mail="Select Request")
        self.put(
            f"domain/{name}",
            {
                "objectClassName": "domain",
                "handle": "D1-EXAMPLE",
                "ldhName": name.upper(),
                "entities": [shop, holder],
                **more,
            },
        )


def entity(
    handle: str,
    roles: list[str],
    *,
    name: str,
    mail: str = "",
    kind: str = "individual",
    entities: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Somebody, with a jCard (RFC 7095)."""
    card: list[Any] = [
        ["version", {}, "text", "4.0"],
        ["fn", {}, "text", name],
        ["kind", {}, "text", kind],
    ]
    if mail:
        card.append(["email", {}, "text", mail])
    return {
        "objectClassName": "entity",
        "handle": handle,
        "roles": roles,
        "vcardArray": ["vcard", card],
        "entities": entities or [],
    }


class Internet:
    """What a search needs, and hosts to look at."""

    def __init__(self) -> None:
        self.dns = FakeDns()
        self.rdap = FakeRdap()
        self.host = FakeWeb()

    def reset(self) -> None:
        for part in (self.dns, self.rdap, self.host):
            part.reset()

    def close(self) -> None:
        for part in (self.dns, self.rdap, self.host):
            part.close()

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a process that is to find itself here."""
        return {
            "STAYDOWN_LOOKUP_RESOLVERS": f"127.0.0.1:{self.dns.port}",
            "STAYDOWN_RDAP_BOOTSTRAP": self.rdap.bootstrap,
            "STAYDOWN_LOOKUP_NETWORKS": "127.0.0.0/8",
            "STAYDOWN_LOOKUP_PAUSE_SECONDS": "0.001",
        }

    def use(self, settings: Any) -> None:
        """The same for the settings of a test."""
        settings.LOOKUP_RESOLVERS = (("127.0.0.1", self.dns.port),)
        settings.RDAP_BOOTSTRAP = self.rdap.bootstrap
        settings.LOOKUP_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
        settings.LOOKUP_PAUSE_SECONDS = 0.001

    def site(
        self,
        name: str,
        *,
        address: str = "127.0.0.1",
        prefix: str = "127.0.0.0/24",
        asn: str = "64500",
        system: str = "QUICK-HOSTING, NL",
        takes_mail: bool = True,
    ) -> str:
        """A site with all that registries know of it; returns the origin to look at."""
        self.dns.add(name, "A", address)
        domain = ".".join(name.split(".")[-2:])
        self.dns.records.setdefault((domain, "A"), [address])
        if takes_mail:
            self.dns.add(domain, "MX", "10 mx.mail-house.example.")
        place = ipaddress.ip_address(address)
        zone = "origin.asn.cymru.com" if place.version == 4 else "origin6.asn.cymru.com"
        back = place.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
        origin = f'"{asn} | {prefix} | NL | ripencc | 2020-01-01"'
        self.dns.add(f"{back}.{zone}", "TXT", origin)
        named = f'"{asn} | NL | ripencc | 2020-01-01 | {system}"'
        self.dns.add(f"as{asn}.asn.cymru.com", "TXT", named)
        self.rdap.network(address, prefix=prefix)
        self.rdap.domain(domain)
        return f"http://{name}:{self.host.port}"


def self_made_certificate(folder: Path, *names: str) -> Path:
    """A key and a certificate that nobody vouches for, for 127.0.0.1 and *names*."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    also = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *map(x509.DNSName, names)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(issuer)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(also), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "self-made.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return pem


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
