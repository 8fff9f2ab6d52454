"""Stand-ins for the interfaces of vendors that cannot run here: one process on loopback, a path for each vendor.

They keep what is written, so that it can be read back and taken away again, want their credentials in the vendor's way
and refuse in the vendor's shape. Standard library only. Prints its port; ends with its standard input.
`PORT/<vendor>/...` is the vendor, and

  POST /_control   any of these members:
    {"fault": {"match": "regex on `METHOD /path`", "count": 1, "after": false, and one of the following}}
        "status": 500         in the vendor's shape; 429 is its way of saying `too many`; `body`, `headers` replace it
        "cut": true           the connection ends
        "hang": true          no answer ever
        "twice": "work"       the request is carried out twice, as by a proxy that repeats it; one answer
        "twice": "answer"     the answer stands on the connection twice
        `after`: the work is done first. `count`: how often; -1 for ever.
    {"quota": 3}              so many requests more for each vendor, then `too many`
    {"rate": 5}               so many each second; null lifts both
    {"token": "new"}          the credential so far has expired, this is the one
    {"deny": "regex"}         these requests want rights that we have not got
    {"lag_secs": 60}          what is new is not found by search for so long; {"index": true}: search catches up now
    {"rights": {"hubspot": {...}}}   what the vendor tells about the credential; members as in that vendor's file
    {"clear": true}           all of these off
  GET /_log        every request to a vendor: method, path, query, body, status, fault; DELETE forgets them
  GET /_state      all that is kept, by vendor and kind; DELETE forgets it
"""

import importlib
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from vendor import Call, Refused, World

FOLDER = os.path.dirname(os.path.abspath(__file__))
# Every other file here is a vendor with a class `Vendor` of its own in it.
NAMES = sorted(f[:-3] for f in os.listdir(FOLDER) if f.endswith(".py") and f not in ("server.py", "vendor.py"))
WORLD = World(sys.argv[1])
VENDORS = {name: importlib.import_module(name).Own(WORLD) for name in NAMES}
LOCK = threading.RLock()
FAULTS, LOG, RECENT = [], [], {}
NEVER = threading.Event()


def limited(vendor):
    """Whether a vendor has had enough."""
    if WORLD.quota is not None:
        left = WORLD.quota.setdefault(vendor, WORLD.quota_each)
        if left <= 0:
            return True
        WORLD.quota[vendor] = left - 1
    if WORLD.rate is not None:
        recent = RECENT.setdefault(vendor, [])
        recent[:] = [at for at in recent if at > time.time() - 1]
        if len(recent) >= WORLD.rate:
            return True
        recent.append(time.time())
    return False


def take_fault(line):
    for fault in FAULTS:
        if fault.get("count", 1) != 0 and re.search(fault["match"], line):
            if fault.get("count", 1) > 0:
                fault["count"] = fault.get("count", 1) - 1
            return fault
    return None


def control(wanted):
    if wanted.get("clear"):
        FAULTS.clear()
        WORLD.rate = WORLD.quota = WORLD.deny = None
        WORLD.lag_secs = 0
    if "fault" in wanted:
        FAULTS.append(wanted["fault"])
    if "quota" in wanted:
        WORLD.quota = None if wanted["quota"] is None else {}
        WORLD.quota_each = wanted["quota"]
    for key in ("rate", "token", "deny", "lag_secs"):
        if key in wanted:
            setattr(WORLD, key, wanted[key])
    if wanted.get("index"):
        WORLD.indexed_at = time.time()
    for name, rights in wanted.get("rights", {}).items():
        VENDORS[name].rights.update(rights)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one piece, or the second waits for the far side's acknowledgement.
    wbufsize = -1

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *args):
        pass

    def say(self, status, body, headers=None, times=1):
        data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        for _ in range(times):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if data:
                self.send_header("Content-Type", "application/json;charset=utf-8")
            if status not in (204, 304):
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        self.wfile.flush()

    def cut(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def body(self):
        """The request's body, by its length or in chunks (RFC 9112 section 7.1)."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def any_method(self):
        url = urllib.parse.urlsplit(self.path)
        raw = self.body()
        parts = [urllib.parse.unquote(part) for part in url.path.split("/") if part]
        if not parts or parts[0].startswith("_"):
            return self.own(parts[0] if parts else "", raw)
        query = {}
        for name, value in urllib.parse.parse_qsl(url.query, keep_blank_values=True):
            # A list may stand in one value, or in as many as it has members.
            query[name] = f"{query[name]},{value}" if name in query else value
        vendor = VENDORS.get(parts[0])
        if not vendor:
            return self.say(404, {"error": f"no vendor {parts[0]}"})
        entry = {"method": self.command, "path": url.path, "query": query, "body": raw.decode("utf-8", "replace")}
        with LOCK:
            LOG.append(entry)
            fault = take_fault(f"{self.command} {url.path}")
        if fault:
            entry["fault"] = {key: value for key, value in fault.items() if key not in ("match", "count")}
            if not fault.get("after") and "twice" not in fault:
                return self.fail(vendor, fault)
        call = Call(self.command, parts[1:], query, raw, self.headers)
        with LOCK:
            status, body, headers = self.work(vendor, parts[0], call)
            if fault and fault.get("twice") == "work":
                status, body, headers = self.work(vendor, parts[0], call)
        entry["status"] = status
        if fault and fault.get("after"):
            return self.fail(vendor, fault)
        self.say(status, body, headers, times=2 if fault and fault.get("twice") == "answer" else 1)

    def work(self, vendor, name, call):
        try:
            if not vendor.is_login(call):
                if not vendor.knows(call):
                    raise vendor.refusal(401)
                if WORLD.deny and re.search(WORLD.deny, f"{call.method} /{'/'.join([name] + call.parts)}"):
                    raise vendor.refusal(403)
                if limited(name):
                    raise vendor.refusal(429)
            if not call.read():
                raise vendor.refusal(400, "the body is not JSON")
            status, body, *headers = vendor.answer(call)
            return status, body, headers[0] if headers else {}
        except Refused as refused:
            return refused.status, refused.body, refused.headers

    def fail(self, vendor, fault):
        if fault.get("cut"):
            return self.cut()
        if fault.get("hang"):
            NEVER.wait()
        refused = vendor.refusal(fault["status"])
        self.say(refused.status, fault.get("body", refused.body), {**refused.headers, **fault.get("headers", {})})

    def own(self, what, raw):
        with LOCK:
            if what == "_control":
                control(json.loads(raw or b"{}"))
                answer = {}
            elif what == "_log":
                answer = list(LOG)
                if self.command == "DELETE":
                    LOG.clear()
            elif what == "_state":
                answer = {name: vendor.tables for name, vendor in VENDORS.items()}
                if self.command == "DELETE":
                    for vendor in VENDORS.values():
                        vendor.tables.clear()
            else:
                answer = {"vendors": list(VENDORS)}
            self.say(200, answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = any_method


class Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def handle_error(self, request, client_address):
        # A client that hangs up is nothing to report.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


server = Server(("127.0.0.1", 0), Handler)
WORLD.port = server.server_address[1]
threading.Thread(target=server.serve_forever, daemon=True).start()
print(WORLD.port, flush=True)
sys.stdin.read()
# At once, whatever still hangs.
os._exit(0)
