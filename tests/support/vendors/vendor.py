"""What the vendors' stand-ins share: a request, a refusal, what is kept, and what the test has set."""

import base64
import json
import time
import urllib.parse
from datetime import datetime, timezone
from html.parser import HTMLParser


class World:
    """What the test sets for all vendors."""

    def __init__(self, token):
        self.token = token
        self.port = 0
        self.rate = self.quota = self.deny = None
        self.quota_each = 0
        self.lag_secs = 0
        self.indexed_at = 0.0
        self.last_id = 1000


class Refused(Exception):
    def __init__(self, status, body=None, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class Call:
    """A request: path in parts, query, headers, and the body once it has been read."""

    def __init__(self, method, parts, query, raw, headers):
        self.method, self.parts, self.query, self.raw, self.headers = method, parts, query, raw, headers
        self.body = {}

    def read(self):
        """Whether the body is what its media type says."""
        try:
            if "form-urlencoded" in self.headers.get("Content-Type", ""):
                self.body = dict(urllib.parse.parse_qsl(self.raw.decode()))
            else:
                self.body = json.loads(self.raw) if self.raw else {}
            return True
        except ValueError:
            return False

    def credentials(self):
        """The bearer token, and user and password."""
        given = self.headers.get("Authorization", "")
        if given.startswith("Bearer "):
            return given[7:], ("", "")
        if given.startswith("Basic "):
            user, _, password = base64.b64decode(given[6:]).decode(errors="replace").partition(":")
            return "", (user, password)
        return "", ("", "")


class Page(HTMLParser):
    """What a reader of HTML shows of it: the text, and the tags that are no mere blocks."""

    def __init__(self, text):
        super().__init__()
        self.text, self.tags = "", []
        self.feed(text)
        self.close()

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attributes):
        self.text += "\n" if tag in ("br", "div", "p") else ""
        if tag not in ("br", "div", "p"):
            self.tags.append(tag)


def shown(rich):
    """The text that a person sees of HTML; tags that do something are named before it."""
    page = Page(rich or "")
    return f"(tags: {', '.join(page.tags)}) {page.text}" if page.tags else page.text


class Vendor:
    """One vendor. `tables` keeps things by kind and id."""

    def __init__(self, world):
        self.world, self.tables, self.rights = world, {}, {}

    def table(self, kind):
        return self.tables.setdefault(kind, {})

    def new_id(self):
        self.world.last_id += 1
        return self.world.last_id

    def now(self):
        return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def is_indexed(self, made_at):
        """Whether search sees what was made at this second of the epoch."""
        return made_at <= max(self.world.indexed_at, time.time() - self.world.lag_secs)

    def is_login(self, call):
        """Whether this request is how one comes by a token, so that it needs none."""
        return False

    def knows(self, call):
        """Whether the credentials are good."""
        return call.credentials()[0] == self.world.token

    def refusal(self, status, text=None, key=None):
        """A refusal in the vendor's shape; 429 stands for `too many`, whatever the vendor's own status for it."""
        raise NotImplementedError

    def answer(self, call):
        """Status, body, and headers if there are any; raises [`Refused`]."""
        raise NotImplementedError
