"""A real SMTP server for tests (aiosmtpd): keeps what it accepts, refuses what a recipient's name asks it to refuse.

    smtp_sink.py FOLDER CERT KEY    prints the ports plain, starttls (with sign-in), tls (with sign-in); ends with its standard input

Every accepted letter becomes FOLDER/NUMBER.eml, beside NUMBER.json with its envelope, which is renamed into place last.
"""

import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

folder, cert, key = sys.argv[1:4]
USER, PASSWORD = b"pilot", b"a secret word"
seen, number = set(), 0


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("unwelcome@"):
            return "550 5.7.1 sender not allowed here"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "nobody":
            return "550 5.1.1 no such mailbox"
        if name == "later" or (name.startswith("grey") and address not in seen):
            seen.add(address)
            return "451 4.7.1 greylisted, come back in a minute"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        global number
        if envelope.rcpt_tos[0].startswith("picky@"):
            return "554 5.6.0 content refused"
        if envelope.rcpt_tos[0].startswith("full@"):
            return "452 4.3.1 no room"
        number += 1
        path = os.path.join(folder, str(number))
        with open(path + ".eml", "wb") as file:
            file.write(envelope.content)
        with open(path + ".part", "w") as file:
            json.dump({"from": envelope.mail_from, "to": envelope.rcpt_tos, "helo": session.host_name,
                       "user": session.auth_data.login.decode() if session.auth_data else None, "tls": server.transport.get_extra_info("ssl_object") is not None}, file)
        os.rename(path + ".part", path + ".json")
        return f"250 2.0.0 Ok: queued as A{number}"


def let_in(server, session, envelope, mechanism, data):
    good = getattr(data, "login", None) == USER and getattr(data, "password", None) == PASSWORD
    return AuthResult(success=good, handled=False, auth_data=data)


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    loop, ports = asyncio.get_running_loop(), []
    common = {"hostname": "sink.test", "timeout": 30}
    auth = {"authenticator": let_in, "auth_required": True}
    kinds = [
        (lambda: SMTP(Handler(), **common), None),
        (lambda: SMTP(Handler(), tls_context=context, require_starttls=True, **auth, **common), None),
        (lambda: SMTP(Handler(), auth_require_tls=False, **auth, **common), context),
    ]
    for factory, tls in kinds:
        server = await loop.create_server(factory, "127.0.0.1", 0, ssl=tls)
        ports.append(server.sockets[0].getsockname()[1])
    print(*ports, flush=True)
    # Whoever started this holds the other end, and when it goes this goes.
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    os._exit(0)


asyncio.run(main())
